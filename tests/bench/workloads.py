"""The workloads W1–W10: each is avstage and what an expert would type instead, on the same media."""

import json
import pathlib
import shutil
import time
from dataclasses import dataclass, field
from typing import Callable

import measure
import vendor
from measure import Cost

CRF = 21
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", CRF, "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2"]
FFMPEG = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
# 0x00B140 as limited-range BT.709 has it; given as a colour, chromakey takes it for full-range BT.601.
CHROMAKEY = "chromakey=0x816037:similarity=0.07:blend=0.1:yuv=1,despill=type=green:mix=0.5"


@dataclass
class Contender:
    name: str
    run: Callable[[pathlib.Path], Cost]
    output: str = ""  # whose pictures are compared, in the folder
    slow: bool = False  # a comparison for the curious: only with --all


@dataclass
class Goal:
    """peer's metric is at least `factor` times ours; without a factor, ours is at most `limit` more than the peer's;
    without a peer, ours is at most `limit`. A goal of speed is not reached by who does less: `needs` is a metric of
    ours and the most it may be."""

    text: str
    metric: str
    peer: str = ""
    factor: float = 0.0
    limit: float = 0.0
    needs: tuple = ()


@dataclass
class Workload:
    name: str
    title: str
    contenders: list  # the first is avstage
    goals: list = field(default_factory=list)
    quality: Callable[[pathlib.Path], dict] = None  # of one output
    note: str = ""


class Bench:
    """What the workloads share: the program, the media, jobs."""

    def __init__(self, avstage, media):
        self.avstage, self.media, self.size = str(pathlib.Path(avstage).resolve()), media, media.size

    def job(self, folder, name, **words):
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"version": 1, **words}, default=str, indent=1))
        return path

    def canvas(self, fps=30, size=None):
        width, height = size or (self.size.width, self.size.height)
        return {"size": f"{width}x{height}", "fps": fps}

    def words(self, folder, job, *more):
        return [self.avstage, "render", job, "-y", "--json", "--progress", "none", "--state", folder / "state",
                "--cache", folder / "cache", *more]

    def render(self, make_job, fresh=True, name="avstage"):
        """A contender: renders the job that make_job(folder) writes, from nothing."""
        def run(folder):
            if fresh:
                forget(folder)
            return measure.run(self.words(folder, make_job(folder)), folder)
        return Contender(name, run, "avstage.mp4")

    def ffmpeg(self, words, name="ffmpeg", output="ffmpeg.mp4", slow=False):
        return Contender(name, lambda folder: measure.run([*FFMPEG, *words(), folder / output], folder), output, slow)

    def against(self, inputs, graphs):
        """Quality against what [ref] of a graph gives; of several graphs the one that fits the first seconds best.
        Which frame of a 25 fps source stands for one of 30, and whether ffmpeg repeats the first frame of a film that
        starts 21 ms late, is no matter of quality."""
        def compare(output, graph, late):
            graph = graph.replace("[ref]", "[all]") + f";[all]trim=start_frame={max(0, -late)}[ref]"
            return measure.pictures(output, inputs, graph, f"trim=start_frame={max(0, late)}")

        def quality(output):
            ways = [(g, late) for g in ([graphs] if isinstance(graphs, str) else graphs) for late in (0, 1, -1)]
            best = max(ways, key=lambda way: compare(["-t", 2, "-i", output], *way)["ssim"])
            return compare(output, *best)
        return quality


def out(path="avstage.mp4", **more):
    return {"path": path, "crf": CRF, "preset": "veryfast", "audio": {"codec": "aac", "bitrate": "160k"}, **more}


def forget(folder):
    """Nothing of an earlier run stays: what is up to date would not be made again."""
    for name in ("state", "cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for output in folder.glob("avstage*"):
        shutil.rmtree(output) if output.is_dir() else output.unlink()


def gop(fps, seconds=10):
    """Key frames as far apart as avstage's."""
    return ["-g", round(seconds * fps)]


def w1(b):
    m, size = b.media, b.size
    parts = [m.intro(), m.broll(), m.outro()]
    names = m.path("w1.txt")
    names.write_text("".join(f"file '{p}'\n" for p in parts))
    listed = ["-f", "concat", "-safe", "0", "-i", names]
    whole = [w for p in parts for w in ("-i", p)]

    def job(folder):
        return b.job(folder, "w1", canvas=b.canvas(), clips=[{"file": p} for p in parts], outputs=[out()])

    return Workload(
        "W1", f"{size.intro} + {size.broll} + {size.outro} s of the same parameters, joined",
        [b.render(job),
         b.ffmpeg(lambda: [*listed, "-c:v", "copy", *AAC], "ffmpeg copy + AAC"),
         b.ffmpeg(lambda: [*listed, "-c", "copy"], "ffmpeg -c copy (wrong sound at the joints)", "copy.mp4"),
         b.ffmpeg(lambda: [*whole, "-filter_complex", "[0:v][0:a][1:v][1:a][2:v][2:a]concat=n=3:a=1[v][a]", "-map",
                           "[v]", "-map", "[a]", *X264, *gop(30), *AAC], "ffmpeg encode", "full.mp4", slow=True)],
        [Goal("<= 0.8 x copy + AAC", "cpu", "ffmpeg copy + AAC", 1 / 0.8)],
        b.against(parts, "[1:v][2:v][3:v]concat=n=3:a=0[ref]"))


def w2(b):
    m, (a, r, o, v) = b.media, b.size.mixed
    clips = [(m.avatar(), a), (m.broll(), r), (m.odd_rate(), o), (m.variable_rate(), v)]
    width, height = b.size.width, b.size.height

    def job(folder):
        return b.job(folder, "w2", canvas=b.canvas(), clips=[{"file": p, "out": s} for p, s in clips], outputs=[out()])

    def fit(i, name, rounding):
        return (f"[{i}:v]trim=duration={clips[name][1]},scale={width}:{height}:force_original_aspect_ratio=decrease,"
                f"pad={width}:{height}:-1:-1,setsar=1,fps=30:round={rounding},"
                f"trim=end_frame={round(30 * clips[name][1])}[v{name}];")  # fps makes 901 frames of 30 s at 29.97

    def graph():
        video = "".join(fit(i, i, "near") for i in range(4))
        sound = "".join(f"[{i}:a]atrim=duration={s},aresample=48000,aformat=channel_layouts=stereo[a{i}];"
                        for i, (_, s) in enumerate(clips))
        return video + sound + "".join(f"[v{i}][a{i}]" for i in range(4)) + "concat=n=4:a=1[v][a]"

    def reference(rounding):
        return "".join(fit(i + 1, i, rounding) for i in range(4)) + "".join(
            f"[v{i}]" for i in range(4)) + "concat=n=4:a=0[ref]"

    contenders = [
        b.render(job),
        b.ffmpeg(lambda: [*[w for p, _ in clips for w in ("-i", p)], "-filter_complex", graph(), "-map", "[v]",
                          "-map", "[a]", *X264, *gop(30), *AAC])]
    if shutil.which("melt"):
        contenders.append(Contender("melt", lambda folder: melt(b, folder, clips), "melt.mp4"))
    return Workload(
        "W2", f"{a} + {r} + {o} + {v} s of unlike sizes and rates, one 1080p30", contenders,
        [Goal(">= 1.3 x ffmpeg where a third can be copied", "cpu", "ffmpeg", 1.3),
         Goal(">= 1.3 x melt", "cpu", "melt", 1.3)],
        b.against([p for p, _ in clips], [reference("near"), reference("down"), reference("up")]),
        "sources of other rates: whichever rounding of ffmpeg's fps filter fits best is the reference")


def melt(b, folder, clips):
    profile = folder / "profile"
    profile.write_text(f"description=bench\nframe_rate_num=30\nframe_rate_den=1\nwidth={b.size.width}\n"
                       f"height={b.size.height}\nprogressive=1\nsample_aspect_num=1\nsample_aspect_den=1\n"
                       "display_aspect_num=16\ndisplay_aspect_den=9\ncolorspace=709\n")
    words = ["melt", "-silent", "-profile", profile]
    for path, seconds in clips:
        words += [path, "in=0", f"out={30 * seconds - 1}"]
    words += ["-consumer", f"avformat:{folder / 'melt.mp4'}", "vcodec=libx264", "preset=veryfast", f"crf={CRF}",
              "g=300", "acodec=aac", "ab=160k", "real_time=-1", "terminate_on_pause=1"]
    return measure.run(words, folder, {"QT_QPA_PLATFORM": "offscreen"})


class PictureInPicture:
    """A keyed speaker over a third of a film."""

    def __init__(self, b):
        self.b, size = b, b.size
        self.start, self.length = size.base // 3, size.pip
        self.width, self.height = size.width // 3, size.height // 3
        self.x, self.y = size.width - self.width - 40, size.height - self.height - 40
        self.inputs = [b.media.base(), b.media.avatar()]

    def job(self, folder):
        return self.b.job(folder, "w3", canvas=self.b.canvas(), outputs=[out()], tracks=[
            {"clips": [{"file": self.inputs[0]}]},
            {"clips": [{"file": self.inputs[1], "start": self.start, "out": self.length, "key": "#00b140",
                        "width": self.width, "at": "bottom-right", "margin": 40}]}])

    def over(self, base, layer, key):
        """A graph that ends in [ref]."""
        return (f"[{layer}:v]trim=duration={self.length},scale={self.width}:{self.height}{key},fps=30,"
                f"setpts=PTS+{self.start}/TB[pip];[{base}:v][pip]overlay={self.x}:{self.y}:eof_action=pass[ref]")

    def sound(self):
        return (f"[1:a]atrim=duration={self.length},adelay={1000 * self.start}:all=1[s];"
                "[0:a][s]amix=inputs=2:duration=first:normalize=0[a]")

    def expert(self):
        graph = self.over(0, 1, "," + CHROMAKEY) + ";" + self.sound()
        return self.b.ffmpeg(lambda: [*[w for p in self.inputs for w in ("-i", p)], "-filter_complex", graph, "-map",
                                      "[ref]", "-map", "[a]", *X264, *gop(30), *AAC])

    def region(self, output, seconds, rounding, late, together):
        """The picture in picture's place, against the true matte. `late`: frames that the output starts late.
        `together`: film and speaker begin with the same frame, though the film's own clock says 21 ms."""
        seen = f"crop={self.width}:{self.height}:{self.x}:{self.y}"
        base = f"[1:v]fps=30,{'setpts=PTS-STARTPTS,' if together else ''}{seen}[under]"
        truth = f"[2:v]scale={self.width}:{self.height},fps=30:round={rounding}[over]"
        cut = ["-ss", self.start, "-t", seconds]
        first = f"trim=start_frame={max(0, -late)},setpts=PTS-STARTPTS"
        return measure.pictures(
            [*cut, "-i", output], [[*cut, "-i", self.inputs[0]], ["-t", seconds, "-i", self.b.media.truth()]],
            f"{base};{truth};[under][over]overlay,{first}[ref]", f"trim=start_frame={max(0, late)},{seen}")

    def quality(self, output):
        ways = [(rounding, late, together) for rounding in ("near", "down", "up") for late in (-1, 0, 1)
                for together in (True, False)]
        best = max(ways, key=lambda way: self.region(output, min(2, self.length), *way)["ssim"])
        part = self.region(output, self.length, *best)
        early = ["-ss", self.start / 4, "-t", self.start / 4]
        rest = max((measure.pictures([*early, "-i", output], [[*early, "-i", self.inputs[0]]],
                                     f"[1:v]trim=start_frame={max(0, -late)}[ref]", f"trim=start_frame={max(0, late)}")
                    for late in (-1, 0, 1)), key=lambda q: q["ssim"])
        return {"ssim": part["ssim"], "psnr": part["psnr"], "elsewhere ssim": rest["ssim"],
                "elsewhere psnr": rest["psnr"], "frames": measure.frames(output),
                "copied": measure.copied_packets(output, [self.inputs[0]])}


def w3(b):
    w = PictureInPicture(b)
    return Workload(
        "W3", f"{w.length} s keyed picture in picture in {b.size.base} s", [b.render(w.job), w.expert()],
        [Goal(">= 5 x", "cpu", "ffmpeg", 5), Goal(">= 5 x", "wall", "ffmpeg", 5),
         Goal("<= 300 MB", "rss_mb", limit=300)],
        w.quality, "ssim, psnr: in the picture's place, against the true matte, which the synthetic speaker has")


def w3b(b):
    m, size = b.media, b.size
    inputs = [m.base(), m.avatar()]

    def job(folder):
        return b.job(folder, "w3b", canvas=b.canvas(), outputs=[out()], tracks=[
            {"clips": [{"file": inputs[0], "out": size.pip}]},
            {"clips": [{"file": inputs[1], "out": size.pip, "key": "#00b140"}]}])

    def over(base, layer, key):
        return (f"[{layer}:v]trim=duration={size.pip}{key},scale={size.width}:{size.height},fps=30[top];"
                f"[{base}:v]trim=duration={size.pip}[under];[under][top]overlay[ref]")

    graph = over(0, 1, "," + CHROMAKEY) + (f";[0:a]atrim=duration={size.pip}[s];[1:a]atrim=duration={size.pip}[t];"
                                           "[s][t]amix=inputs=2:normalize=0[a]")
    return Workload(
        "W3b", f"{size.pip} s, the key over the whole frame",
        [b.render(job),
         b.ffmpeg(lambda: ["-i", inputs[0], "-i", inputs[1], "-filter_complex", graph, "-map", "[ref]", "-map", "[a]",
                           *X264, *gop(30), *AAC])],
        [Goal(">= 1.7 x", "cpu", "ffmpeg", 1.7)],
        b.against([inputs[0], m.truth()], [over(1, 2, "").replace("fps=30", f"fps=30:round={r}")
                                           for r in ("near", "down", "up")]))


def w4(b):
    m, size = b.media, b.size
    seconds = min(15, size.broll, size.avatar)
    inputs = [m.broll(), m.avatar()]
    sizes = [(size.width, size.height), (size.width * 2 // 3, size.height * 2 // 3),
             (size.width * 4 // 9 // 2 * 2, size.height * 4 // 9 // 2 * 2), (size.height, size.width)]

    def job(folder):
        outputs = [out(f"avstage{i if i else ''}.mp4", size=f"{w}x{h}") for i, (w, h) in enumerate(sizes)]
        return b.job(folder, "w4", canvas=b.canvas(), outputs=outputs, tracks=[
            {"clips": [{"file": inputs[0], "out": seconds, "fit": "cover"}]},
            {"clips": [{"file": inputs[1], "out": seconds, "key": "#00b140", "width": "33.333%",
                        "at": "bottom-right"}]}])

    def compose(base, layer, i, key):
        w, h = sizes[i]
        tall = f"crop={size.height * size.height // size.width // 2 * 2}:{size.height}," if h > w else ""
        pip = w // 3 // 2 * 2
        return (f"[{layer}]trim=duration={seconds},scale={pip}:-2{key},fps=30[p{i}];"
                f"[{base}]trim=duration={seconds},{tall}scale={w}:{h},setsar=1[b{i}];[b{i}][p{i}]overlay=W-w:H-h[o{i}]")

    def sound(i):
        return f"[0:a]atrim=duration={seconds}[s{i}];[1:a]atrim=duration={seconds}[t{i}];" \
               f"[s{i}][t{i}]amix=inputs=2:normalize=0[a{i}]"

    both = ["-i", inputs[0], "-i", inputs[1]]

    def at_once(folder):
        # One decoder a source; the sizes of one shape from one composition.
        key = "," + CHROMAKEY
        graph = "[0:v]split[wide][high];[1:v]split[pw][ph];" + compose("wide", "pw", 0, key) + ";" + compose(
            "high", "ph", 3, key) + ";[o0]split=3[z0][z1][z2];" + ";".join(
                f"[z{i}]scale={sizes[i][0]}:{sizes[i][1]}[y{i}]" for i in (1, 2)) + ";" + sound(0) + ";[a0]asplit=4" + "".join(
                    f"[x{i}]" for i in range(4))
        words = [*both, "-filter_complex", graph]
        for i, pad in enumerate(("z0", "y1", "y2", "o3")):
            words += ["-map", f"[{pad}]", "-map", f"[x{i}]", *X264, *gop(30), *AAC,
                      folder / f"once{i if i else ''}.mp4"]
        return measure.run([*FFMPEG, *words], folder)

    def one_by_one(folder):
        cost = Cost()
        for i in range(4):
            graph = compose("0:v", "1:v", i, "," + CHROMAKEY) + ";" + sound(i)
            cost += measure.run([*FFMPEG, *both, "-filter_complex", graph, "-map", f"[o{i}]", "-map", f"[a{i}]", *X264,
                                 *gop(30), *AAC, folder / f"four{i if i else ''}.mp4"], folder)
        return cost

    reference = compose("1:v", "2:v", 0, "").replace("[o0]", "[ref]")
    return Workload(
        "W4", f"{seconds} s, four deliverables of two shapes",
        [b.render(job), Contender("ffmpeg, one process", at_once, "once.mp4"),
         Contender("ffmpeg, four runs", one_by_one, "four.mp4")],
        [Goal(">= 1.1 x one process", "cpu", "ffmpeg, one process", 1.1),
         Goal(">= 1.4 x four runs", "cpu", "ffmpeg, four runs", 1.4),
         Goal("<= 80 % of one process' memory", "rss_mb", "ffmpeg, one process", 1.25)],
        b.against([inputs[0], m.truth()], reference), "quality of the largest")


def w5(b):
    m, size = b.media, b.size
    inputs = [m.speech(), m.music()]
    mix = (f"[1:a]atrim=duration={size.base},volume=0.5[m];[0:a]asplit[s][k];"
           "[m][k]sidechaincompress=threshold=0.05:ratio=8:release=400[d];[s][d]amix=inputs=2:duration=first:normalize=0")
    both = ["-i", inputs[0], "-i", inputs[1]]
    targets = {"-16": -16.0, "-23": -23.0}

    def job(folder):
        return b.job(folder, "w5", canvas=b.canvas(25, (64, 36)),
                     outputs=[out(f"avstage{name}.mp4", loudness={"target": t, "true_peak": -1.5})
                              for name, t in targets.items()],
                     tracks=[{"clips": [{"id": "speech", "file": inputs[0]}]},
                             {"clips": [{"file": inputs[1], "out": size.base, "volume": 0.5,
                                         "duck": {"under": "speech", "by": -12}}]},
                             {"clips": [{"color": "#000000", "duration": size.base}]}])

    def two_passes(folder):
        cost = Cost()
        for name, target in targets.items():
            aim = f"loudnorm=I={target}:TP=-1.5:LRA=11"
            seen, text = measure.listen([*FFMPEG[:2], "-nostdin", *both, "-filter_complex",
                                         f"{mix},{aim}:print_format=json", "-f", "null", "-"], folder)
            found = json.loads(text[text.rindex("{"):text.rindex("}") + 1])
            known = (f"measured_I={found['input_i']}:measured_TP={found['input_tp']}:measured_LRA={found['input_lra']}:"
                     f"measured_thresh={found['input_thresh']}:offset={found['target_offset']}:linear=true")
            cost += seen + measure.run([*FFMPEG, *both, "-filter_complex", f"{mix},{aim}:{known},aresample=48000", *AAC,
                                        folder / f"loudnorm{name}.m4a"], folder)
        return cost

    def one_measurement(folder):
        cost, text = measure.listen([*FFMPEG[:2], "-nostdin", *both, "-filter_complex", f"{mix},ebur128=peak=true",
                                     "-f", "null", "-"], folder)
        loud = float(text.split("Integrated loudness:")[-1].split("I:")[1].split()[0])
        split = f"{mix},asplit[x0][x1];" + ";".join(f"[x{i}]volume={t - loud}dB[o{i}]"
                                                    for i, t in enumerate(targets.values()))
        words = [w for i, name in enumerate(targets) for w in ("-map", f"[o{i}]", *AAC, folder / f"gain{name}.m4a")]
        return cost + measure.run([*FFMPEG, *both, "-filter_complex", split, *words], folder)

    def quality(output):
        loud = measure.loudness(output)
        return {"lufs": loud["lufs"], "peak": loud["peak"], "off": abs(loud["lufs"] + 16)}

    return Workload(
        "W5", f"{size.base} s of speech over music, at -16 and -23 LUFS",
        [Contender("avstage", b.render(job).run, "avstage-16.mp4"),
         Contender("ffmpeg, loudnorm in two passes each", two_passes, "loudnorm-16.m4a"),
         Contender("ffmpeg, measured once", one_measurement, "gain-16.m4a")],
        [Goal(">= 2 x two passes", "cpu", "ffmpeg, loudnorm in two passes each", 2, needs=("off", 0.1)),
         Goal("within 0.1 LU of -16", "off", limit=0.1)],
        quality, "avstage encodes a black picture beside it")


def w6(b, index="first"):
    size = b.size
    seconds = size.avatar

    def scene(folder):
        return vendor.rated_clip(b.avstage, b.media.folder / f"vendor-{index}", seconds, 0.3, index)

    def render(folder):
        with scene(folder) as clip:
            forget(folder)
            job = b.job(folder, "w6", canvas=b.canvas(25, (1280, 720)), clips=[{"avatar": {"video_id": clip.id}}],
                        outputs=[out()])
            return measure.run([*b.words(folder, job), "--api-base", clip.base], folder, vendor.ENVIRONMENT)

    def direct(folder):
        with scene(folder) as clip:
            return measure.run([*FFMPEG, "-i", clip.url, *X264, *gop(25), *AAC, folder / "ffmpeg.mp4"], folder)

    def curl_first(folder):
        with scene(folder) as clip:
            got = measure.run(["curl", "-sSf", "-o", "clip.mp4", clip.url], folder)
            return got + measure.run([*FFMPEG, "-i", "clip.mp4", *X264, *gop(25), *AAC, folder / "curl.mp4"], folder)

    def quality(output):
        return {"frames": measure.frames(output)}

    return Workload(
        "W6", f"a clip of some {seconds} s that takes a third of that to arrive, encoded",
        [Contender("avstage", render, "avstage.mp4"), Contender("ffmpeg -i http", direct, "ffmpeg.mp4"),
         Contender("curl, then ffmpeg", curl_first, "curl.mp4")],
        [Goal("<= ffmpeg -i http + 0.5 s", "wall", "ffmpeg -i http", limit=0.5),
         Goal(">= 1.25 x curl, then ffmpeg", "wall", "curl, then ffmpeg", 1.25)], quality)


def w6b(b):
    """The time to the first byte of a copy; the index at the end is the hard case."""
    def scene():
        return vendor.rated_clip(b.avstage, b.media.folder / "vendor-last", b.size.avatar, 0.3, "last")

    def first(cost):
        cost.more["first byte"] = round(cost.more["first byte"], 4)
        return cost

    def source(folder):
        with scene() as clip:
            forget(folder)
            return first(measure.run([b.avstage, "source", clip.id, "-f", "nut", "--api-base", clip.base, "--state",
                                      folder / "state", "--cache", folder / "cache"], folder, vendor.ENVIRONMENT,
                                     stdout_first=True))

    def direct(folder):
        with scene() as clip:
            return first(measure.run([*FFMPEG, "-i", clip.url, "-c", "copy", "-f", "nut", "-"], folder,
                                     stdout_first=True))

    return Workload("W6b", "the same clip, its index last, copied to a pipe: the first byte",
                    [Contender("avstage source", source), Contender("ffmpeg -i http -c copy", direct)],
                    [Goal("<= 1.0 x", "first byte", "ffmpeg -i http -c copy", 1.0)],
                    note="avstage asks the API where the clip is; ffmpeg is told")


def w7(b, share=1 / 3, name="W7", factor=3, hls=False):
    size = b.size
    ending = "m3u8" if hls else "mp4"
    packed = ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", 6, "-hls_playlist_type", "vod"] if hls else []
    seconds = round(size.broll * share)
    words = vendor.words_of(seconds)
    base = b.media.broll()
    clip = {"id": "Daisy-inskirt-20220818", "voice": "2d5b0e6cf36f460aa7fc47e3eee4ba54", "say": words,
            "background": "#00b140", "size": "1280x720"}

    def job(folder):
        return b.job(folder, name, canvas=b.canvas(), outputs=[out(f"avstage.{ending}")], tracks=[
            {"clips": [{"file": base}]},
            {"clips": [{"avatar": clip, "start": 2, "key": "auto", "width": "33%", "at": "bottom-right"}]}])

    def scene(folder):
        return vendor.Sandbox(b.avstage, folder / "vendor", size.generation, fresh=True)

    def avstage(folder):
        with scene(folder) as sandbox:
            forget(folder)
            words = [w if w != "none" else "json" for w in b.words(folder, job(folder))]
            return measure.run([*words, "--api-base", sandbox.base], folder, vendor.ENVIRONMENT,
                               until_line=('"event":"completed"', "after ready"))

    def sequential(folder):
        with scene(folder) as sandbox:
            begin = time.monotonic()
            url = sandbox.wait(sandbox.order(words), every=5)
            ready = time.monotonic()
            cost = measure.run(["curl", "-sSf", "-o", "clip.mp4", url], folder)
            graph = (f"[1:v]scale={size.width // 3 // 2 * 2}:-2,{CHROMAKEY},fps=30,setpts=PTS+2/TB[pip];"
                     "[0:v][pip]overlay=W-w:H-h:eof_action=pass[v];[1:a]adelay=2000:all=1[s];"
                     "[0:a][s]amix=inputs=2:duration=first:normalize=0[a]")
            cost += measure.run([*FFMPEG, "-i", base, "-i", "clip.mp4", "-filter_complex", graph, "-map", "[v]", "-map",
                                 "[a]", *X264, *gop(30, 6 if hls else 10), *AAC, *packed,
                                 folder / f"ffmpeg.{ending}"], folder)
            end = time.monotonic()
            return Cost(end - begin, cost.cpu, cost.rss_mb, {"after ready": end - ready})

    return Workload(
        name, f"{size.broll} s of which an avatar shows in {seconds}, made in {size.generation} s",
        [Contender("avstage", avstage, f"avstage.{ending}"),
         Contender("order, poll, curl, ffmpeg", sequential, f"ffmpeg.{ending}")],
        [Goal(f">= {factor} x less after the clip is ready", "after ready", "order, poll, curl, ffmpeg", factor)],
        lambda output: {"frames": measure.frames(output)}, "as HLS" if hls else "as mp4")


def w7b(b):
    return w7(b, 0.1, "W7b", 8)


def w7h(b):
    return w7(b, name="W7h", hls=True)


def w7bh(b):
    return w7(b, 0.1, "W7bh", 8, hls=True)


def w8(b):
    m, n = b.media, b.size.variants
    variants, shared = [m.variant(i) for i in range(n)], m.shared()
    pattern = str(variants[0]).replace("00.mp4", "${n}.mp4")

    def avstage(folder):
        forget(folder)
        job = b.job(folder, "w8", vars={"n": {"type": "string"}}, canvas=b.canvas(30, (1280, 720)),
                    clips=[{"file": pattern}, {"file": shared}], outputs=[out("avstage${n}.mp4")])
        cost = Cost()
        for i in range(n):
            cost += measure.run(b.words(folder, job, "--set", f"n={i:02}"), folder)
        return cost

    def naive(folder):
        cost = Cost()
        for i, variant in enumerate(variants):
            cost += measure.run([*FFMPEG, "-i", variant, "-i", shared, "-filter_complex",
                                 "[0:v][0:a][1:v][1:a]concat=n=2:a=1[v][a]", "-map", "[v]", "-map", "[a]", *X264,
                                 *gop(30), *AAC, folder / f"naive{i:02}.mp4"], folder)
        return cost

    def cached(folder):
        def encode(source, name):
            return measure.run([*FFMPEG, "-i", source, *X264, *gop(30), *AAC, folder / name], folder)

        cost = encode(shared, "part.mp4")
        for i, variant in enumerate(variants):
            cost += encode(variant, f"part{i:02}.mp4")
            names = folder / "parts.txt"
            names.write_text(f"file 'part{i:02}.mp4'\nfile 'part.mp4'\n")
            cost += measure.run([*FFMPEG, "-f", "concat", "-safe", "0", "-i", names, "-c", "copy",
                                 folder / f"cached{i:02}.mp4"], folder)
        return cost

    return Workload(
        "W8", f"{n} variants of which 3 of {b.size.shared + 3} s differ",
        [Contender("avstage", avstage, "avstage00.mp4"), Contender("ffmpeg, each anew", naive, "naive00.mp4"),
         Contender("ffmpeg, parts kept (wrong at the joints)", cached, "cached00.mp4")],
        [Goal(">= 6 x each anew", "cpu", "ffmpeg, each anew", 6),
         Goal(">= 1.1 x parts kept", "cpu", "ffmpeg, parts kept (wrong at the joints)", 1.1)],
        b.against([variants[0], shared], "[1:v][2:v]concat=n=2:a=0[ref]"))


def w9(b, pip=False):
    m, size = b.media, b.size
    name = "W9b" if pip else "W9"
    speakers = [m.speaker(i) for i in range(size.clips)]
    between = 2 * size.clip
    longer = m.speaker(size.clips // 2, longer=True)

    def film(i):
        begin = (i * between) % max(1, size.base - between)
        return {"file": m.base(), "in": begin, "out": begin + between}

    def job(folder, edited):
        said = [longer if edited and i == size.clips // 2 else s for i, s in enumerate(speakers)]
        if pip:
            base = [{"file": m.base()} for _ in range(-(-size.clips * 3 * size.clip // size.base))]
            over = [{"file": s, "start": i * 3 * size.clip, "key": "#00b140", "width": "33%", "at": "bottom-right"}
                    for i, s in enumerate(said)]
            tracks = [{"clips": base}, {"clips": over}]
        else:
            tracks = [{"clips": [c for i, s in enumerate(said) for c in ({"file": s}, film(i))]}]
        return b.job(folder, f"{name}{edited}", canvas=b.canvas(25, (1280, 720)), tracks=tracks, outputs=[out()])

    warm = []

    def everything(folder):
        forget(folder)
        cost = measure.run(b.words(folder, job(folder, False)), folder)
        shutil.rmtree(folder / "warm", ignore_errors=True)
        shutil.copytree(folder / "cache", folder / "warm", copy_function=shutil.copy2)
        warm.append(True)
        return cost

    def one_word(folder):
        if not warm:  # not that of another build
            everything(folder)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        shutil.copytree(folder / "warm", folder / "cache", copy_function=shutil.copy2)
        return measure.run(b.words(folder, job(folder, True)), folder)

    def full_render(folder):
        said = [longer if i == size.clips // 2 else s for i, s in enumerate(speakers)]
        inputs = [w for p in said for w in ("-i", p)]
        if pip:
            graph, pad, times = f"[{len(said)}:v]scale=1280:720,fps=25[b0];", "b0", -(-size.clips * 3 * size.clip // size.base)
            inputs += ["-stream_loop", times - 1, "-i", m.base()]
            for i in range(len(said)):
                graph += (f"[{i}:v]scale=422:-2,{CHROMAKEY},fps=25,setpts=PTS+{i * 3 * size.clip}/TB[p{i}];"
                          f"[{pad}][p{i}]overlay=W-w:H-h:eof_action=pass[b{i + 1}];"
                          f"[{i}:a]adelay={i * 3 * size.clip * 1000}:all=1[a{i}];")
                pad = f"b{i + 1}"
            graph += f"[{len(said)}:a]" + "".join(f"[a{i}]" for i in range(len(said)))
            graph += f"amix=inputs={len(said) + 1}:duration=first:normalize=0[a]"
            shown = f"[{pad}]"
        else:
            graph = ""
            for i in range(len(said)):
                cut = film(i)
                inputs += ["-ss", cut["in"], "-t", cut["out"] - cut["in"], "-i", m.base()]
                graph += "".join(f"[{n}:v]scale=1280:720,fps=25,setsar=1[v{n}];[{n}:a]aresample=48000,aformat=channel_layouts=stereo[s{n}];"
                                 for n in (i, len(said) + i))
            graph += "".join(f"[v{n}][s{n}]" for i in range(len(said)) for n in (i, len(said) + i))
            graph += f"concat=n={2 * len(said)}:a=1[v][a]"
            shown = "[v]"
        return measure.run([*FFMPEG, *inputs, "-filter_complex", graph, "-map", shown, "-map", "[a]", *X264, *gop(25),
                            *AAC, folder / "ffmpeg.mp4"], folder)

    minutes = f"{size.clips * 3 * size.clip} s"
    return Workload(
        name, f"one of {size.clips} clips in {minutes} is 0.4 s longer, {'over one long base' if pip else 'inserted'}",
        [Contender("avstage, after the edit", one_word, "avstage.mp4"),
         Contender("ffmpeg", full_render, "ffmpeg.mp4"),
         Contender("avstage, everything", everything, slow=True)],
        [Goal(">= %d x a full render" % (5 if pip else 10), "cpu", "ffmpeg", 5 if pip else 10)],
        lambda output: {"frames": measure.frames(output)}, "everyone else renders everything")


def w9b(b):
    return w9(b, pip=True)


def w10(b):
    w = PictureInPicture(b)

    def again(folder):
        measure.run(b.words(folder, w.job(folder)), folder)  # whatever another build has left there
        return measure.run(b.words(folder, w.job(folder)), folder)

    return Workload("W10", "W3 once more, nothing changed", [Contender("avstage", again, "avstage.mp4"), w.expert()],
                    [Goal("< 1 s", "wall", limit=1.0)], lambda output: {"frames": measure.frames(output)})


ALL = {"W1": w1, "W2": w2, "W3": w3, "W3b": w3b, "W4": w4, "W5": w5, "W6": w6, "W6b": w6b, "W7": w7, "W7b": w7b,
       "W7h": w7h, "W7bh": w7bh, "W8": w8, "W9": w9, "W9b": w9b, "W10": w10}
