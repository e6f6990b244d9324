#include <gmock/gmock.h>

#include "media/demuxer.h"
#include "render/bench.h"
#include "run/deliver/assemble.h"
#include "run/deliver/check_copies.h"
#include "support/error_of.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;

/// What assemble() makes of pieces that claim to be copies.
class CheckCopies : public Bench {
 protected:
  /// Packets [first, last) of a film in decoding order as a piece of its own, whose frame 0 is frame `shown`.
  run::Piece cut(const std::string& film, std::int64_t first, std::int64_t last, std::int64_t shown) {
    media::Demuxer demuxer = media::Demuxer::open_file(dir / film, media::Demuxer::Want::video);
    run::Piece piece{dir / (film + std::to_string(first) + ".mp4"), shown, last - first};
    piece.copied_from = {dir / film, shown};
    const Rational tick(1, 25);
    media::Muxer muxer(piece.file, "mp4");
    const int stream = muxer.add_stream(*demuxer.video()->codecpar, tick, Rational(25));
    muxer.write_header();
    auto packet = media::make_packet();
    for (std::int64_t k = 0; demuxer.read(*packet); ++k) {
      if (k < first || k >= last) continue;
      av_packet_rescale_ts(packet.get(), demuxer.video()->time_base, media::to_av(tick));
      packet->pts -= shown;
      packet->dts = k - first - 8;
      packet->duration = 1;
      muxer.write(*packet, stream, tick);
    }
    muxer.finish();
    return piece;
  }

  /// Of two groups, the first one encoded, the second copied.
  run::Deliverable encoded_and_copied(const std::string& film) {
    make_video(dir / film, spec(false));
    run::Piece encoded = cut(film, 0, 25, 0);
    encoded.copied_from.reset();
    return film_of({encoded, cut(film, 25, 50, 25)});
  }

  run::Deliverable film_of(std::vector<run::Piece> pieces) {
    run::Deliverable d;
    d.path = dir / "out.mp4";
    d.pieces = std::move(pieces);
    for (const run::Piece& piece : d.pieces) d.frames += piece.frames;
    d.fps = 25, d.width = 160, d.height = 90, d.codec = "h264";
    return d;
  }

  static VideoSpec spec(bool open_gop) {
    VideoSpec s;
    s.seconds = 2;
    s.audio_codec = "";
    s.open_gop = open_gop;
    s.bframes = 3;
    return s;
  }

  /// In decoding order: where the second group of pictures begins.
  std::int64_t second_group(const std::string& film) {
    media::Demuxer demuxer = media::Demuxer::open_file(dir / film, media::Demuxer::Want::video);
    auto packet = media::make_packet();
    for (std::int64_t k = 0; demuxer.read(*packet); ++k) {
      if (k > 0 && (packet->flags & AV_PKT_FLAG_KEY) != 0) return k;
    }
    ADD_FAILURE() << "one group alone";
    return 0;
  }
};

TEST_F(CheckCopies, AClosedGroupBehindWhatIsEncodedIsTaken) {
  const run::Deliverable d = encoded_and_copied("a.mp4");
  ASSERT_EQ(second_group("a.mp4"), 25);
  EXPECT_EQ(run::assemble(d, dir / "out.part", {}).part, dir / "out.part");
}

TEST_F(CheckCopies, ACopyThatNeedsWhatWasBeforeItIsRefused) {
  make_video(dir / "a.mp4", spec(true));
  const std::int64_t group = second_group("a.mp4");
  ASSERT_LT(group, 25) << "pictures decoded after the key frame are shown before it";
  run::Piece encoded = cut("a.mp4", 0, group, 0);
  encoded.copied_from.reset();
  const run::Deliverable d = film_of({encoded, cut("a.mp4", group, 50, group)});
  const Error e = error_of([&] { run::assemble(d, dir / "out.part", {}); });
  EXPECT_EQ(e.code(), ErrorCode::proof);
  EXPECT_EQ(e.name(), "copy");
  EXPECT_THAT(e.message(), HasSubstr("is not where a group begins"));
}

TEST_F(CheckCopies, ALookThatBeginsAtTheSeamHasNotSeenIt) {
  const run::Deliverable d = encoded_and_copied("a.mp4");
  run::assemble(d, dir / "out.part", {});
  run::Film film = run::film_in(dir / "out.part", d);
  run::check_copies(film, {});
  film.open_at = [open_at = film.open_at](std::int64_t frame) { return open_at(frame > 0 ? 25 : 0); };
  const Error e = error_of([&] { run::check_copies(film, {}); });
  EXPECT_EQ(e.name(), "copy");
  EXPECT_THAT(e.message(), HasSubstr("frame 24 does not come out of a decoder"));
}

TEST_F(CheckCopies, AnotherPictureThanTheOneThatWasCopiedIsRefusedAlthoughThePacketsAreRight) {
  const run::Deliverable d = encoded_and_copied("a.mp4");
  run::assemble(d, dir / "out.part", {});
  VideoSpec other = spec(false);
  other.options = {{"crf", "40"}};
  make_video(dir / "b.mp4", other);
  run::Film film = run::film_in(dir / "out.part", d);
  film.open_at = [&, open_at = film.open_at](std::int64_t frame) {
    if (frame == 0) return open_at(0);
    return run::at_frame(media::Demuxer::open_file(dir / "b.mp4", media::Demuxer::Want::video), frame, 25);
  };
  const Error e = error_of([&] { run::check_copies(film, {}); });
  EXPECT_EQ(e.name(), "copy");
  EXPECT_THAT(e.message(), HasSubstr("frame 25 was copied and looks different"));
}

TEST_F(CheckCopies, AnotherPacketThanItsSourcesIsRefused) {
  make_video(dir / "a.mp4", spec(false));
  const run::Deliverable d = film_of({cut("a.mp4", 0, 25, 0), cut("a.mp4", 25, 50, 25)});
  run::assemble(d, dir / "out.part", {});
  std::string bytes = read_bytes(dir / "out.part");
  ASSERT_LT(bytes.find("moov"), bytes.find("mdat")) << "the file ends with the last packet";
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_bytes(dir / "out.part", bytes);
  const Error e = error_of([&] { run::check_copies(run::film_in(dir / "out.part", d), {}); });
  EXPECT_EQ(e.name(), "copy");
  EXPECT_THAT(e.message(), HasSubstr("packet 49 is not its source's"));
}

}  // namespace
}  // namespace avstage::test
