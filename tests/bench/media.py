"""Makes the media of the workloads with ffmpeg, once. Everything is synthetic."""

import pathlib
import subprocess
from dataclasses import dataclass

GREEN = "0x00B140"


@dataclass(frozen=True)
class Size:
    """How long things are, in seconds; quick is for a look at whether the bench works."""

    name: str
    width: int
    height: int
    avatar: int
    broll: int
    intro: int
    outro: int
    pip: int  # how long the avatar is seen in W3, W7
    mixed: tuple  # W2: avatar, broll, 29.97, vfr
    music: int
    shared: int  # W8
    variants: int
    clips: int  # W9
    clip: int
    generation: int  # W7

    @property
    def base(self):
        return 2 * self.broll


FULL = Size("full", 1920, 1080, 24, 60, 20, 8, 20, (24, 30, 30, 15), 130, 27, 20, 10, 20, 60)
QUICK = Size("quick", 640, 360, 4, 6, 4, 2, 2, (3, 3, 3, 2), 14, 6, 3, 3, 4, 4)

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries",
        "bt709", "-color_trc", "bt709", "-color_range", "tv"]
TO_709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
AAC = ["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2"]


class Media:
    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder) / size.name
        self.size = size
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name):
        return self.folder / name

    def _make(self, name, words):
        """A file is complete or absent; what is there stays."""
        target = self.folder / name
        if target.exists():
            return target
        part = self.folder / f"part.{name}"
        subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, words), part],
                       check=True)
        part.rename(target)
        return target

    def _video(self, fps, seconds, rate):
        return [*X264, "-r", fps, "-g", "60", "-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-t", seconds]

    # A speaker before a green screen: a figure without green and with a soft edge, whose true matte is known.
    def _figure(self, seconds):
        """Pads [figure]: with alpha, moving on 1280x720, 25 fps."""
        edge = "clip((1-hypot((X-160)/150\\,(Y-280)/270))*40\\,0\\,1)*255"
        return (f"gradients=s=320x560:r=25:d={seconds}:n=4:c0=0xc08060:c1=0x203060:c2=0x704030:c3=0xd0b090:"
                f"speed=0.03:seed=5,drawgrid=w=40:h=40:t=2:c=0x402020,{TO_709},format=yuva420p[body];"
                f"color=black:s=320x560:r=25:d=0.04,format=gray,geq=lum='{edge}',loop=-1:1,setpts=N/25/TB,"
                f"trim=duration={seconds}[matte];[body][matte]alphamerge[cut];"
                f"color=black@0:s=1280x720:r=25:d={seconds},format=yuva420p[none];"
                "[none][cut]overlay=x='480+120*sin(t)':y='120+20*sin(3*t)':format=yuv420:alpha=straight,"
                "format=yuva420p[figure]")

    def avatar(self, seconds=None, name="avatar.mp4", seed=1):
        seconds = seconds or self.size.avatar
        return self._make(name, [
            "-f", "lavfi", "-i", f"color={GREEN}:s=1280x720:r=25:d={seconds},{TO_709}",
            "-f", "lavfi", "-i", f"sine=frequency={150 + 10 * seed}:sample_rate=48000:d={seconds},"
                                 "tremolo=f=4:d=0.9",
            "-filter_complex", f"{self._figure(seconds)};[0][figure]overlay,noise=alls=4:allf=t:all_seed={seed}[v]",
            "-map", "[v]", "-map", "1", *self._video(25, seconds, "3M"), *AAC, "-movflags", "+faststart"])

    def truth(self):
        """The avatar's figure without its screen, with alpha: what a perfect key would leave."""
        seconds = self.size.pip
        return self._make("truth.mkv", ["-filter_complex", self._figure(seconds), "-map", "[figure]", "-c:v", "ffv1",
                                        "-pix_fmt", "yuva420p", "-t", seconds])

    def _film(self, name, scenes, seconds, fps=30, rate="14600k", size=None, audio=AAC, tone=330, more=()):
        width, height = size or (self.size.width, self.size.height)
        each = max(1, seconds / len(scenes))
        graph = "".join(f"{s.format(d=each, r=fps)},scale={width}:{height}:out_color_matrix=bt709:out_range=tv,"
                        f"setsar=1,format=yuv420p[s{i}];" for i, s in enumerate(scenes))
        graph += "".join(f"[s{i}]" for i in range(len(scenes)))
        graph += f"concat=n={len(scenes)},noise=alls=7:allf=t[v]"
        return self._make(name, [
            "-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:d={seconds},volume=0.5",
            "-filter_complex", graph, "-map", "[v]", "-map", "0", *self._video(fps, seconds, rate), *audio, *more])

    SCENES = ("gradients=s=1280x720:r={r}:d={d}:n=4:speed=0.02:seed=7,"
              "crop=960:540:x='160+100*sin(t)':y='90+60*sin(2*t)'",
              "mandelbrot=s=480x270:r={r}:end_scale=0.002:end_pts=1500,trim=duration={d}",
              "gradients=s=640x360:r={r}:d={d}:n=6:speed=0.05:seed=3", "testsrc2=s=1280x720:r={r}:d={d}")

    def broll(self):
        return self._film("broll.mp4", self.SCENES, self.size.broll)

    def intro(self):
        return self._film("intro.mp4", self.SCENES[:1] + self.SCENES[3:], self.size.intro, tone=440)

    def outro(self):
        return self._film("outro.mp4", self.SCENES[2:3], self.size.outro, tone=550)

    def base(self):
        """Twice the b-roll, joined without encoding."""
        broll, names = self.broll(), self.path("base.txt")
        names.write_text(f"file '{broll}'\nfile '{broll}'\n")
        return self._make("base.mp4", ["-f", "concat", "-safe", "0", "-i", names, "-c", "copy"])

    def odd_rate(self):
        return self._film("odd_rate.mp4", self.SCENES[3:], self.size.mixed[2], "30000/1001", "4M", (1280, 720),
                          ["-c:a", "aac", "-ar", "44100", "-ac", "1"])

    def variable_rate(self):
        """Every third frame is missing now and then."""
        seconds = self.size.mixed[3]
        return self._make("variable_rate.mp4", [
            "-f", "lavfi", "-i", f"testsrc2=s=1280x720:r=30:d={seconds},{TO_709},"
                                 "select='if(lt(mod(t\\,4)\\,2)\\,1\\,mod(n\\,3))'",
            "-f", "lavfi", "-i", f"sine=frequency=250:sample_rate=48000:d={seconds}",
            *X264, "-vsync", "vfr", "-g", "60", "-b:v", "4M", *AAC, "-t", seconds])

    def music(self):
        return self._make("music.m4a", [
            "-f", "lavfi", "-i", f"aevalsrc='0.2*sin(2*PI*(220+20*floor(mod(t,4)))*t)*(0.6+0.4*sin(t))|"
                                 f"0.2*sin(2*PI*(221+20*floor(mod(t,4)))*t)':s=48000:d={self.size.music}", *AAC])

    def speech(self):
        return self._make("speech.m4a", [
            "-f", "lavfi", "-i", f"aevalsrc='0.7*sin(2*PI*(160+30*sin(5*t))*t)*gt(sin(2.1*t),-0.3)*abs(sin(9*t))'"
                                 f":s=48000:c=stereo:d={self.size.base}", *AAC])

    def variant(self, n):
        return self._film(f"variant{n:02}.mp4", ("testsrc2=s=1280x720:r={r}:d={d},hue=h=" + str(20 * n),), 3, 30, "4M",
                          (1280, 720), tone=300 + 20 * n)

    def shared(self):
        return self._film("shared.mp4", self.SCENES[2:], self.size.shared, 30, "6M", (1280, 720))

    def speaker(self, n, longer=False):
        """W9's clips: the same speaker, other words; `longer`: one word was changed."""
        seconds = self.size.clip + (0.4 if longer else 0)
        return self.avatar(seconds, f"speaker{n}{'b' if longer else ''}.mp4", seed=20 + n + (50 if longer else 0))
