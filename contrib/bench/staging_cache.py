"""What a cache saves: the same package staged cold (a new app each time) and warm (the same app again).

    python contrib/bench/staging_cache.py [--rounds 3] [--megabytes 24]

One master and one worker, as real processes. The buildpack's work is to pack so much text with xz, which it keeps in its
cache; a warm staging takes it from there. A buildpack that does nothing shows what staging itself takes. Times are from
the request for a build until it is STAGED.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

from buildmill.client.staging import STAGED, STAGING, Named, StagingClient
from tests.programs import running_master

TOKEN = "for-the-benchmark"
CONFIG = """\
c["builders"] = [builder("other")]
c["staging"] = {{
    "stacks": ["here"], "workers": ["w1"], "buildpacks": {buildpacks!r},
    "limits": {{"memory_default_mb": 2048, "disk_minimum_mb": 4096}},
    "tokens": [{{"token": {token!r}, "role": "developer"}}],
}}
"""
COMPILE = """\
#!/bin/sh
set -e
if [ -f "$2/dependencies.xz" ]; then echo "-----> From the cache"; else
    echo "-----> Packing"
    seq {lines} | xz -9 -T1 > "$2/dependencies.xz"
fi
cp "$2/dependencies.xz" "$1/"
"""
RELEASE = "#!/bin/sh\necho 'default_process_types: {web: run}'\n"
IDLE = "#!/bin/sh\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=24, help="of text that the buildpack packs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_buildpack(place / "buildpacks/work", COMPILE.format(lines=options.megabytes * 131_072))
        write_buildpack(place / "buildpacks/idle", IDLE)
        config = CONFIG.format(buildpacks=str(place / "buildpacks"), token=TOKEN)
        with running_master(place / "master", config) as master:
            master.start_staging_worker()
            measure(StagingClient(f"127.0.0.1:{master.http_port}", token=TOKEN), options.rounds)


def write_buildpack(place: Path, compile_script: str) -> None:
    (place / "bin").mkdir(parents=True)
    for name, text in {"detect": IDLE, "compile": compile_script, "release": RELEASE}.items():
        (place / "bin" / name).write_text(text)
        (place / "bin" / name).chmod(0o755)


def measure(client: StagingClient, rounds: int) -> None:
    (space,) = client.spaces()
    stage(client, client.create_app("first", space.guid), "idle")  # the worker gets what it keeps
    stage(client, client.create_app("second", space.guid), "work")
    seconds: dict[str, list[float]] = {"idle": [], "cold": [], "warm": []}
    for number in range(rounds):
        app = client.create_app(f"app-{number}", space.guid)
        seconds["cold"].append(stage(client, app, "work"))
        seconds["warm"].append(stage(client, app, "work"))
        seconds["idle"].append(stage(client, client.create_app(f"idle-{number}", space.guid), "idle"))
    for name, values in seconds.items():
        print(f"{name}  median {statistics.median(values):6.2f} s  least {min(values):6.2f}  most {max(values):6.2f}")
    ratios = [cold / warm for cold, warm in zip(seconds["cold"], seconds["warm"], strict=True)]
    print(f"cold / warm: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def stage(client: StagingClient, app: Named, buildpack: str) -> float:
    """Stage a package of an app; how many seconds it took."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.html", "<h1>hello</h1>")
    size = archive.tell()
    archive.seek(0)
    package = client.upload(client.create_package(app.guid).guid, archive, size)
    while package.state != "READY":
        time.sleep(0.05)
        package = client.package(package.guid)
    began = time.monotonic()
    build = client.create_build(package.guid, {"lifecycle": {"type": "buildpack", "data": {"buildpacks": [buildpack]}}})
    while build.state == STAGING:
        time.sleep(0.05)
        build = client.build(build.guid)
    assert build.state == STAGED, build.error
    return time.monotonic() - began


if __name__ == "__main__":
    main()
