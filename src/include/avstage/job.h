#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "avstage/time.h"

/// The job as plain data, in OpenTimelineIO's and FFmpeg's words. Nothing here does anything: the decoder
/// (timeline/), the planner (plan/) and the renderer (run/) read it.
namespace avstage {

/// Where something stands in the job text; messages are built from it.
struct Mark {
  std::string file;         ///< as the user named it, "-" for stdin
  int line = 0;             ///< from 1
  int column = 0;           ///< from 1, in bytes
  std::string pointer;      ///< JSON pointer, "/tracks/0/clips/1/start"
  std::string str() const;  ///< "job.json:12:9 (/tracks/0/clips/1/start)"
};

/// 8-bit sRGB-encoded colour; alpha 255 is opaque.
struct Color {
  std::uint8_t r = 0, g = 0, b = 0, a = 255;
  std::string hex() const;  ///< "#rrggbb" (alpha left out)
  friend bool operator==(const Color&, const Color&) = default;
};

/// A length of time as written: seconds + frames / fps. "125f" and a timecode's last field are frames and
/// become time only on a canvas.
struct TimeValue {
  Rational seconds;
  std::int64_t frames = 0;
  friend bool operator==(const TimeValue&, const TimeValue&) = default;
};

/// A point on the programme (start) or a length (in, out, duration).
struct TimeExpr {
  enum class Kind {
    value,     ///< `offset` from the programme's start, or a plain length
    anchor,    ///< an edge of clip `clip`, plus `offset`
    end,       ///< the programme's end, plus `offset`
    automatic  ///< "auto": what the media themselves give
  };
  enum class Edge { start, end };
  Kind kind = Kind::value;
  std::string clip;
  Edge edge = Edge::start;
  TimeValue offset;
  Mark mark;
};

/// Pixels of the canvas, or per cent of its width (x) or height (y).
struct Length {
  double value = 0;
  bool percent = false;
  friend bool operator==(const Length&, const Length&) = default;
};

/// How a picture fits its box; CSS object-fit's meaning.
enum class Fit { contain, cover, fill, none };

/// The box of a clip on the canvas. Without width and height the box is the canvas; with one of them the
/// other follows from the picture's own shape. `at` is a compass point from "top-left" to "bottom-right",
/// given as fractions: (0,0) top left, (0.5,0.5) centre, (1,1) bottom right.
struct Placement {
  bool at_given = false;
  double at_x = 0.5, at_y = 0.5;
  Length margin;  ///< from the edges that `at` touches; per cent is of the canvas' shorter side
  std::optional<Length> width, height;
  std::optional<Fit> fit;  ///< default: none for text, and for an image with `at` and no size; else contain
};

/// A filter parameter as written.
using ParamValue = std::variant<bool, double, std::string>;

/// A filter of our own by name, or "lavfi" with libavfilter's own name in `lavfi` and its options in params.
struct FilterSpec {
  std::string name;
  std::string lavfi;
  std::map<std::string, ParamValue> params;
  Mark mark;
};

/// The colour to remove. Without a colour ("auto"): the background colour the job asked the vendor for.
struct KeySpec {
  std::optional<Color> color;
  std::optional<double> similarity;  ///< 0.01–1, default of the chroma_key filter
  std::optional<double> blend;       ///< 0–1
  Mark mark;
};

struct FileRef {
  std::string path;  ///< absolute, or relative to the working directory
};
struct ImageRef {
  std::string path;
};
struct ColorRef {
  Color color;
};
struct TextRef {
  std::string text;      ///< UTF-8, literal; line breaks allowed
  std::string font;      ///< a font file; empty: the default font
  Length size{5, true};  ///< line height; per cent of the canvas' height
  Color color{255, 255, 255, 255};
  std::optional<Color> box;    ///< a filled box behind the text
  Length padding{1, true};     ///< of the box
  std::string align = "left";  ///< left, center or right, for several lines
};

/// A sound, a picture or a film that the vendor is to use. Exactly one of the first three names it.
struct AssetRef {
  std::string file;      ///< a local one: uploaded once per content
  std::string url;       ///< https
  std::string asset_id;  ///< one that the vendor has
  std::string sha256;    ///< of the local file, known before anything is planned: keys hold it, not the path
  Mark mark;
};

/// What stands behind the avatar instead of a colour.
struct Backdrop {
  AssetRef media;
  bool video = false;  ///< v2 only
  std::string fit;     ///< v2 only: cover, crop, contain, none
  std::string play;    ///< of a video: fit_to_scene, freeze, loop, full_video
};

/// One scene of an avatar clip: who, what is heard, and what stands behind.
struct AvatarScene {
  // Who: exactly one of the three.
  std::string avatar_id;
  std::string photo_id;           ///< a talking photo of the vendor's; v2 only
  std::optional<AssetRef> photo;  ///< any portrait; v3 only
  // What is heard: exactly one of the three.
  std::string say;
  std::optional<AssetRef> audio;  ///< a recording to speak
  std::optional<double> silence;  ///< seconds; v2 only

  std::string voice_id;
  std::string style = "normal";  ///< v2's avatar_style: normal, closeUp, circle
  std::optional<double> speed;   ///< 0.5–1.5
  std::optional<int> pitch;      ///< −50…50
  std::string emotion;           ///< v2 only
  std::string locale;
  std::optional<double> scale;                      ///< v2 only
  std::optional<std::pair<double, double>> offset;  ///< v2 only, fractions of the canvas
  std::optional<Color> background;
  std::optional<Backdrop> backdrop;  ///< instead of `background`
};

/// What takes the place of a template's variable.
struct TemplateVariable {
  enum class Kind { text, image, video, audio, voice, avatar, photo };
  std::string name;
  Kind kind = Kind::text;
  std::string value;  ///< the text, or the id of a voice, an avatar or a talking photo
  AssetRef media;     ///< of an image, a video or a sound
};

/// Whether the vendor is to deliver the avatar without any background. `prefer`: where the vendor refuses
/// that or does not keep it, the clip is obtained before a colour instead (`background`, else #00ff00), which
/// is then removed.
enum class Transparent { no, prefer, require };

/// An avatar clip that is bought from the vendor, in neutral words (one scene, or several in `scenes`), by a
/// template of the vendor's, as the vendor's own body (`request`), or one that exists already (`video_id`).
/// Exactly one of these.
struct AvatarRef : AvatarScene {
  std::vector<AvatarScene> scenes;  ///< complete in themselves; empty: the clip is one scene, this object
  std::string template_id;
  std::vector<TemplateVariable> variables;  ///< by name
  std::optional<std::pair<int, int>> size;  ///< exact pixels (v2), even, 128–4096
  std::optional<double> fps;                ///< v2 and templates
  std::string title;
  std::string callback_id;                    ///< comes back in the vendor's webhooks
  bool caption = false;                       ///< the vendor makes a caption file too
  bool test = false;                          ///< v2 only: free, watermarked
  Transparent transparent = Transparent::no;  ///< of one scene only
  std::string request;   ///< the vendor's own body as canonical JSON text; empty: neutral words
  std::string video_id;  ///< an existing video; nothing is bought
  int take = 1;          ///< raise it to buy another reading of the same words
  Mark mark;
};

/// Quieter while another clip is heard: music under speech.
struct DuckSpec {
  std::string under;  ///< id of that clip
  double by = -12;    ///< dB, −60…0
  Mark mark;
};

/// The words of an avatar clip, from the caption file that the vendor has made of it: shown while that clip
/// is shown, or written beside the film. A track of its own.
struct CaptionsRef {
  std::string from;                  ///< the id of an avatar clip
  bool burn = false;                 ///< drawn into the picture
  std::vector<std::string> sidecar;  ///< srt, vtt
  TextRef look;                      ///< of what is drawn; without text
};

using MediaRef = std::variant<FileRef, ImageRef, ColorRef, TextRef, AvatarRef, CaptionsRef>;

struct Clip {
  std::string id;  ///< as given, or "" — messages then use the pointer
  MediaRef media;
  std::optional<TimeExpr> start;              ///< without: follows the clip before it in its track
  std::optional<TimeExpr> in, out, duration;  ///< at most two of the three
  Placement place;
  double opacity = 1;                          ///< 0–1
  std::optional<TimeValue> fade_in, fade_out;  ///< picture and sound
  double volume = 1;                           ///< linear gain, 0–16
  std::optional<DuckSpec> duck;
  std::optional<KeySpec> key;
  std::vector<FilterSpec> filters;
  Mark mark;
};

/// Clips without `start` follow each other. A later track paints on top.
struct Track {
  std::string id;
  std::vector<Clip> clips;
  Mark mark;
};

struct Canvas {
  int width = 1920, height = 1080;  ///< even, 16–8192
  Rational fps{25};
  Color background{0, 0, 0, 255};
  /// Pixels of this canvas for one pixel of the job's: a composition for outputs of another size scales every
  /// length that is given in pixels, so that they all look alike. 1 on the job's own canvas.
  double unit = 1;
};

struct AudioSettings {
  /// aac, pcm_s24le (in .mov), or none: a deliverable without sound. Default beside a codec of
  /// editing systems: pcm_s24le.
  std::string codec = "aac";
  int bitrate = 160'000;  ///< bits per second, of aac
};

/// How loud a deliverable is to be, by EBU R 128.
struct LoudnessSpec {
  double target = -14;    ///< LUFS of the whole programme, −40…−5
  double true_peak = -1;  ///< dBTP that no peak passes before it is encoded, −9…0
};

/// A still beside a film: one of its frames, or what the vendor has made of an avatar clip.
struct PosterSpec {
  enum class Kind { frame, thumbnail, gif };
  Kind kind = Kind::frame;
  TimeValue at;      ///< of the frame, in the film
  std::string from;  ///< the id of the avatar clip
  Mark mark;
};

struct OutputSpec {
  std::string path;  ///< the file's ending chooses: mp4, mov, mkv, or m3u8 for HLS
  /// With a variable in the path: the folder that it must not lead out of, not by a link either. Else "".
  std::string root;
  std::optional<std::pair<int, int>> size;  ///< default: the canvas'
  /// h264, hevc; in .mov also those of editing systems, prores_proxy, prores_lt, prores (422), prores_hq,
  /// dnxhr_lb, dnxhr_sq, dnxhr_hq, xdcam_hd422, which have neither crf nor bitrate nor preset.
  std::string codec = "h264";
  std::optional<double> crf;            ///< default 20 (h264), 23 (hevc)
  std::optional<std::int64_t> bitrate;  ///< bits per second; instead of crf
  std::string preset = "veryfast";      ///< x264's and x265's names
  std::string copy = "auto";            ///< auto, never: whether what is untouched is copied
  AudioSettings audio;
  std::optional<LoudnessSpec> loudness;  ///< without: as the mix is
  std::optional<PosterSpec> poster;
  /// Of an HLS stream: the name of this picture rendition, also that of its folder. The renditions of one
  /// stream are neighbours in Job::outputs and share `path`, the multivariant playlist. Of a file: "".
  std::string rendition;
  Rational media_segment{6};  ///< of an HLS stream: seconds that a media segment lasts at most
  Mark mark;
};

struct HeygenSettings {
  std::string api = "auto";                 ///< auto, v2, v3
  std::string account;                      ///< user-given name; part of the realm
  int max_concurrent = 3;                   ///< clips being made at once
  Rational deadline{2400};                  ///< seconds per clip from submission
  std::optional<double> max_credits;        ///< refuses before the first purchase what is estimated above it
  std::map<std::string, std::string> tags;  ///< the user's own words, stored with each purchase
};

struct Job {
  Canvas canvas;
  HeygenSettings heygen;
  std::vector<Track> tracks;  ///< bottom first
  std::vector<OutputSpec> outputs;
  std::string file;  ///< the job file as the user named it
};

}  // namespace avstage
