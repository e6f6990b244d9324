#include "media/picture_pool.h"

#include <gtest/gtest.h>

namespace avstage::media {
namespace {

FramePtr picture(AVPixelFormat format, int width, int height, int level) {
  FramePtr frame = make_frame();
  frame->format = format;
  frame->width = width;
  frame->height = height;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  for (const AVBufferRef* buffer : frame->buf) {
    if (buffer) std::fill_n(buffer->data, buffer->size, static_cast<std::uint8_t>(level));
  }
  frame->pts = 7;
  frame->colorspace = AVCOL_SPC_BT709;
  return frame;
}

TEST(PicturePool, WhatIsSharedIsCopiedAndLeftAsItWas) {
  PicturePool pool;
  for (AVPixelFormat format :
       {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVA420P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_RGBA}) {
    for (int width : {161, 1920}) {
      const FramePtr shared = picture(format, width, 91, 99);
      const std::uint64_t before = picture_hash(*shared);
      FramePtr own = ref_frame(*shared);
      pool.make_writable(own);
      EXPECT_NE(own->data[0], shared->data[0]);
      EXPECT_EQ(picture_hash(*own), before);
      EXPECT_EQ(own->pts, 7);
      EXPECT_EQ(own->colorspace, AVCOL_SPC_BT709);
      for (int i = 0; i < 4 && own->data[i]; ++i) EXPECT_EQ(own->linesize[i] % 64, 0);
      own->data[0][0] = 1;
      EXPECT_EQ(picture_hash(*shared), before);
    }
  }
}

TEST(PicturePool, WhatIsNotSharedStaysWhereItIs) {
  PicturePool pool;
  FramePtr own = picture(AV_PIX_FMT_YUV420P, 160, 90, 1);
  const std::uint8_t* samples = own->data[0];
  pool.make_writable(own);
  EXPECT_EQ(own->data[0], samples);
}

TEST(PicturePool, MemoryIsUsedAgainOnlyWhenItWasGivenBack) {
  PicturePool pool;
  const FramePtr shared = picture(AV_PIX_FMT_YUV420P, 160, 90, 1);
  FramePtr first = ref_frame(*shared), second = ref_frame(*shared);
  pool.make_writable(first);
  pool.make_writable(second);
  EXPECT_NE(first->data[0], second->data[0]);
  const std::uint8_t* samples = second->data[0];
  second.reset();
  FramePtr third = ref_frame(*shared);
  pool.make_writable(third);
  EXPECT_EQ(third->data[0], samples);
}

TEST(PicturePool, AFrameMayOutliveIt) {
  const FramePtr shared = picture(AV_PIX_FMT_YUV420P, 160, 90, 42);
  FramePtr own = ref_frame(*shared);
  {
    PicturePool pool;
    pool.make_writable(own);
  }
  EXPECT_EQ(own->data[0][0], 42);
  EXPECT_EQ(picture_hash(*own), picture_hash(*shared));
}

}  // namespace
}  // namespace avstage::media
