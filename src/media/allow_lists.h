#pragma once

namespace avstage::media {

/// What foreign media may make libav run, as libav's comma lists: containers that name no other file, and
/// decoders in daily use. Playlists, scripts, SVG and the exotic rest stay out.
inline constexpr const char* kAllowedFormats =
    "mov,mp4,m4a,3gp,matroska,webm,mpegts,mp3,wav,w64,aiff,flac,aac,ogg,avi,mxf,nut,h264,hevc,gif,"
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe";

inline constexpr const char* kAllowedCodecs =
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg1video,mpeg2video,mpeg4,theora,prores,"
    "dnxhd,dvvideo,mjpeg,qtrle,ffv1,huffyuv,ffvhuff,utvideo,rawvideo,v210,png,apng,webp,bmp,tiff,gif,"
    "aac,aac_latm,mp3,mp3float,mp2,mp2float,ac3,eac3,opus,libopus,vorbis,libvorbis,flac,alac,"
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,"
    "pcm_f64be,pcm_alaw,pcm_mulaw,pcm_bluray,pcm_dvd";

/// Limits on what one medium may make us hold in memory.
inline constexpr int kMaxSide = 16384;
inline constexpr long kMaxPixels = 100'000'000;       // of a still
inline constexpr long kMaxMovingPixels = 40'000'000;  // a decoder holds a score of them
inline constexpr int kMaxStreams = 100;
inline constexpr int kMaxFps = 1000;

}  // namespace avstage::media
