#!/usr/bin/env python3
"""See tests/bench/run."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import measure
import media
import workloads

METRICS = ("wall", "cpu", "rss_mb")


def parse():
    p = argparse.ArgumentParser(prog="tests/bench/run", description="Measures avstage against ffmpeg and melt.")
    p.add_argument("names", nargs="*", metavar="NAME", help="workloads, and kernels; all of them without a name")
    p.add_argument("--quick", action="store_true", help="short media, one round: whether the bench works")
    p.add_argument("--rounds", type=int, default=None, help="how often A B A B (2; 1 with --quick)")
    p.add_argument("--all", action="store_true", help="with the slow contenders that nobody aims at")
    p.add_argument("--no-quality", action="store_true", help="costs only")
    p.add_argument("--build", default="build-bench", help="folder of the build, of media and of results")
    p.add_argument("--avstage", help="another program than the one built")
    p.add_argument("--out", help="the JSON file (BUILD/bench.json)")
    p.add_argument("--list", action="store_true", help="the workloads' names, and nothing else")
    return p.parse_args()


def value(cost, metric):
    return cost[metric] if metric in METRICS else cost["more"].get(metric)


def median(entry, metric):
    found = [v for v in (value(r, metric) for r in entry["runs"]) if v is not None]
    if found:
        return statistics.median(found)
    return entry.get("quality", {}).get(metric)


def as_entry(cost):
    return {"wall": round(cost.wall, 3), "cpu": round(cost.cpu, 3), "rss_mb": round(cost.rss_mb, 1), "more": cost.more}


def run_workload(w, options, folder):
    """Every contender in turn, as often as there are rounds. A failure is a result too."""
    folder.mkdir(parents=True, exist_ok=True)
    contenders = [c for c in w.contenders if options.all or not c.slow]
    entries = [{"name": c.name, "runs": []} for c in contenders]
    for turn in range(options.rounds):
        for contender, entry in zip(contenders, entries):
            if "error" in entry:
                continue
            print(f"{w.name} {turn + 1}/{options.rounds}: {contender.name}", file=sys.stderr, flush=True)
            try:
                entry["runs"].append(as_entry(contender.run(folder)))
            except Exception as e:  # the others are to be measured all the same
                entry["error"] = f"{type(e).__name__}: {e}"
                print(entry["error"], file=sys.stderr)
    for contender, entry in zip(contenders, entries):
        output = folder / contender.output
        if "error" in entry or not contender.output or not output.exists():
            continue
        entry["bytes"] = output.stat().st_size
        if w.quality and not options.no_quality:
            print(f"{w.name}: quality of {contender.name}", file=sys.stderr, flush=True)
            try:
                entry["quality"] = w.quality(output)
            except Exception as e:
                entry["quality_error"] = f"{type(e).__name__}: {e}"
                print(entry["quality_error"], file=sys.stderr)
    return entries


def ratios(entries):
    """By how much a peer costs more than avstage: median, and the lowest and highest of the rounds."""
    ours, result = entries[0], []
    for peer in entries[1:]:
        names = [*METRICS, *(peer["runs"][0]["more"] if peer["runs"] else [])]
        for metric in names:
            each = [value(theirs, metric) / value(mine, metric) for mine, theirs in zip(ours["runs"], peer["runs"])
                    if value(mine, metric) and value(theirs, metric)]
            if each:
                result.append({"peer": peer["name"], "metric": metric, "median": round(statistics.median(each), 3),
                               "low": round(min(each), 3), "high": round(max(each), 3)})
    return result


def judge(goal, entries):
    """What was reached; None where one of the two is missing."""
    by_name = {e["name"]: e for e in entries}
    ours = median(entries[0], goal.metric)
    if not goal.peer:
        reached = ours
        met = None if ours is None else ours <= goal.limit
    else:
        peer = median(by_name[goal.peer], goal.metric) if goal.peer in by_name else None
        if not ours or peer is None:
            reached = met = None
        elif goal.factor:
            reached, met = peer / ours, peer / ours >= goal.factor
        else:
            reached, met = ours - peer, ours - peer <= goal.limit
    if goal.needs and reached is not None:
        done = median(entries[0], goal.needs[0])
        met = met and done is not None and done <= goal.needs[1]
    return {"goal": goal.text, "metric": goal.metric, "peer": goal.peer or None,
            "reached": None if reached is None else round(reached, 3), "met": met}


def table(report):
    lines = []
    for w in report["workloads"]:
        lines += ["", f"{w['name']}  {w['title']}"]
        if w["note"]:
            lines.append(f"  ({w['note']})")
        lines.append(f"  {'':44}{'wall s':>9}{'CPU s':>9}{'RSS MB':>8}{'MB':>8}  more")
        for e in w["contenders"]:
            if not e["runs"]:
                lines.append(f"  {e['name'][:43]:44}{e.get('error', 'not run')[:90]}")
                continue
            more = {k: median(e, k) for k in e["runs"][0]["more"]} | e.get("quality", {})
            size = f"{e['bytes'] / 1e6:8.1f}" if "bytes" in e else " " * 8
            said = "  ".join(f"{k} {v:.4g}" if k != "ssim" else f"{k} {v:.4f}" for k, v in more.items())
            lines.append(f"  {e['name'][:43]:44}{median(e, 'wall'):9.2f}{median(e, 'cpu'):9.2f}"
                         f"{median(e, 'rss_mb'):8.0f}{size}  {said}")
        for r in w["ratios"]:
            if r["metric"] != "rss_mb":
                lines.append(f"    {r['metric']:12} {r['median']:7.2f} x  ({r['low']:.2f} to {r['high']:.2f})  {r['peer']}")
        for g in w["goals"]:
            verdict = {True: "met", False: "MISSED", None: "not known"}[g["met"]]
            lines.append(f"    goal {g['goal']} ({g['metric']}): {g['reached']}  {verdict}")
    if report.get("kernels"):
        lines += ["", "kernels, CPU ms a frame"]
        for k in report["kernels"]:
            lines.append(f"  {k['name']:48}{k['cpu_ms']:10.3f}")
    return "\n".join(lines)


def run_kernels(build, quick):
    program = pathlib.Path(build) / "bench_kernels"
    if not program.exists():
        print(f"{program} is not there: build it with -DAVSTAGE_BENCH=ON", file=sys.stderr)
        return []
    words = [program, "--benchmark_format=json", f"--benchmark_min_time={0.05 if quick else 1}"]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return [{"name": b["name"], "cpu_ms": b["cpu_time"]} for b in found["benchmarks"]]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.split("\n")[0]
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "ffmpeg": version,
            "load": os.getloadavg()[0]}


def main():
    options = parse()
    known = [*workloads.ALL, "kernels"]
    if options.list:
        print("\n".join(known))
        return 0
    names = options.names or known
    if unknown := [n for n in names if n not in known]:
        print(f"unknown: {', '.join(unknown)}; allowed: {', '.join(known)}", file=sys.stderr)
        return 2
    options.rounds = options.rounds or (1 if options.quick else 2)
    size = media.QUICK if options.quick else media.FULL
    build = pathlib.Path(options.build).resolve()
    bench = workloads.Bench(options.avstage or build / "avstage", media.Media(build / "media", size))
    report = {"begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), "size": size.name,
              "rounds": options.rounds, "workloads": []}
    target = pathlib.Path(options.out or build / "bench.json")
    for name in names:
        if name == "kernels":
            report["kernels"] = run_kernels(build, options.quick)
        else:
            print(f"{name}: media", file=sys.stderr, flush=True)
            w = workloads.ALL[name](bench)
            entries = run_workload(w, options, build / "work" / size.name / name)
            report["workloads"].append({
                "name": w.name, "title": w.title, "note": w.note, "contenders": entries, "ratios": ratios(entries),
                "goals": [judge(g, entries) for g in w.goals]})
        target.write_text(json.dumps(report, indent=1))  # what is measured is kept, whatever comes
    print(table(report))
    print(f"\n{target}")
    return 1 if any("error" in e for w in report["workloads"] for e in w["contenders"]) else 0


if __name__ == "__main__":
    sys.exit(main())
