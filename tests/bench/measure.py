"""Runs a program and says what it cost; compares pictures and loudness."""

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field


class Failed(Exception):
    pass


@dataclass
class Cost:
    """What one run took. CPU is user and system time of it and its children; RSS that of the largest process."""

    wall: float = 0.0
    cpu: float = 0.0
    rss_mb: float = 0.0
    more: dict = field(default_factory=dict)  # seconds by name: what is measured besides

    def __add__(self, other):
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.rss_mb, other.rss_mb),
                    {**self.more, **other.more})


def last_lines(path, count=6):
    with open(path, errors="replace") as lines:
        return "".join(lines.readlines()[-count:])


def run(words, folder, env=None, until_line=None, stdout_first=False):
    """Runs `words` in `folder`. Raises Failed with its last words where it does not end with 0.

    until_line: (text, name): also the time from stderr's first line with `text` to the end, as more[name].
    stdout_first: also the time to the first byte on stdout, as more["first byte"]; stdout is read and dropped.
    """
    log = tempfile.NamedTemporaryFile("w", suffix=".log", delete=False, dir=folder)
    watch_err = until_line is not None
    begin = time.monotonic()
    process = subprocess.Popen([str(w) for w in words], cwd=folder, env={**os.environ, **(env or {})},
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE if stdout_first else log,
                               stderr=subprocess.PIPE if watch_err else log)
    more, seen = {}, None
    if stdout_first:
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            more.setdefault("first byte", time.monotonic() - begin)
            del piece
        process.stdout.close()
    if watch_err:
        for line in process.stderr:
            log.write(line.decode(errors="replace"))
            if seen is None and until_line[0].encode() in line:
                seen = time.monotonic()
        process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    end = time.monotonic()
    process.returncode = os.waitstatus_to_exitcode(status)
    log.close()
    if process.returncode != 0:
        raise Failed(f"{words[0]} ended with {process.returncode}: {last_lines(log.name)}")
    if watch_err:
        if seen is None:
            raise Failed(f"{words[0]} never said {until_line[0]}: {last_lines(log.name)}")
        more[until_line[1]] = end - seen
    os.unlink(log.name)
    return Cost(end - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, more)


def listen(words, folder):
    """As run(), and what the program wrote to stderr."""
    begin = time.monotonic()
    process = subprocess.Popen([str(w) for w in words], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = process.stderr.read().decode(errors="replace")
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"{words[0]} ended with {process.returncode}: {text[-600:]}")
    return Cost(time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), text


def ffmpeg_says(words):
    done = subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", *map(str, words), "-f", "null", "-"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failed(f"ffmpeg: {done.stderr[-600:]}")
    return done.stderr


def pictures(output, inputs, graph, view=""):
    """SSIM and PSNR (luma, dB) of `output`, seen through the filters of `view`, against the pad [ref] of `graph`,
    whose inputs are [1], [2] and so on. Frames are compared by their number. A source is a path, or ffmpeg's words
    for one."""
    files = [w for source in [output, *inputs] for w in (source if isinstance(source, list) else ["-i", source])]
    same = "settb=AVTB,setpts=N,format=yuv420p,split"
    text = ffmpeg_says([*files, "-an", "-lavfi",
                        f"{graph};[0:v]{view + ',' if view else ''}{same}[o1][o2];[ref]{same}[r1][r2];"
                        "[o1][r1]ssim=shortest=1;[o2][r2]psnr=shortest=1"])
    ssim = re.search(r"SSIM Y:([0-9.]+)", text)
    psnr = re.search(r"PSNR y:(inf|[0-9.]+)", text)
    if not ssim or not psnr:
        raise Failed(f"no SSIM in: {text[-600:]}")
    return {"ssim": float(ssim.group(1)), "psnr": min(float(psnr.group(1)), 100.0)}


def frames(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-show_entries",
                           "stream=nb_read_packets", "-of", "csv=p=0", path],
                          capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0].strip(","))  # of HLS once a programme and once a stream


def loudness(path):
    """Integrated loudness in LUFS and true peak in dBFS."""
    text = ffmpeg_says(["-i", path, "-af", "ebur128=peak=true", "-vn"])
    return {"lufs": float(re.findall(r"I:\s+(-?[0-9.]+) LUFS", text)[-1]),
            "peak": float(re.findall(r"Peak:\s+(-?[0-9.]+|-inf) dBFS", text)[-1])}


def copied_packets(output, sources):
    """How many of the pictures in `output` are the very packets of one of `sources`."""
    def hashes(path):
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-bsf:v",
                               "h264_mp4toannexb,filter_units=pass_types=1-5", "-f", "framemd5", "-"],
                              capture_output=True, text=True, check=True)
        return [line.rsplit(",", 1)[1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]

    known = set()
    for source in sources:
        known.update(hashes(source))
    return sum(h in known for h in hashes(output))
