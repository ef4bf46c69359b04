#!/usr/bin/env python3
"""Holds docker-compose.yml, the Dockerfile and the systemd unit to what can be known without an engine.

    python3 .ci/stack.py PROGRAM

The compose file is YAML of the Compose specification (its JSON schema stands in
tests/data/compose), its images are pinned, its ports are the loopback interface's, and every file
that it mounts exists. What the Dockerfile copies exists too and reaches the builder through
.dockerignore, and what it runs is a build that this machine has. PROGRAM stands in for the
installed one while systemd looks the unit over.
"""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What systemd calls the exposure of the unit, 0 to 10 (times ten); 1.2 when this was written.
EXPOSURE_MAX = 15

faults = []


def fault(text):
    faults.append(text)


def compose():
    file = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    schema = json.loads((ROOT / "tests/data/compose/compose-spec.json").read_text())
    for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(file):
        fault(f"docker-compose.yml: {'.'.join(map(str, error.absolute_path))}: {error.message}")
    services = file["services"]
    for name, service in services.items():
        where = f"docker-compose.yml: {name}"
        if "build" not in service and not re.search(r":v?\d+\.\d+\.\d+$", service["image"]):
            fault(f"{where}: {service['image']} is not pinned to a version")
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                fault(f"{where}: port {port} is open to others")
        for other in service.get("depends_on", {}):
            if other not in services:
                fault(f"{where}: depends on {other}, which is not there")
            elif not services[other].get("profiles", []) <= service.get("profiles", []):
                fault(f"{where}: depends on {other} of another profile")
            elif (
                service["depends_on"][other]["condition"] == "service_healthy"
                and "healthcheck" not in services[other]
            ):
                fault(f"{where}: waits for {other}, which has no health check")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (ROOT / source).exists():
                    fault(f"{where}: mounts {source}, which is not in the repository")
            elif source not in file["volumes"]:
                fault(f"{where}: mounts the volume {source}, which is not declared")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            fault(f"{where}: may gain privileges")
        if service.get("cap_drop") != ["ALL"]:
            fault(f"{where}: keeps capabilities")
    # The broker that the tests have seen.
    version = re.search(r"<kafka.version>(.*)</kafka.version>", (ROOT / "tests/kafka/pom.xml").read_text())
    if services["kafka"]["image"] != f"apache/kafka:{version[1]}":
        fault(f"docker-compose.yml: kafka: the tests run with {version[1]}")
    return len(services)


def dockerfile():
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    copied = set()
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM" and not re.search(r"^\S+:\d+\.\d+[\w.-]*( AS \w+)?$", rest):
            fault(f"Dockerfile: {rest} is not pinned to a version")
        if word == "COPY" and not rest.startswith("--from="):
            copied.update(rest.split()[:-1])
    for source in sorted(copied):
        if not (ROOT / source).exists():
            fault(f"Dockerfile: copies {source}, which is not in the repository")
        # The last pattern that fits decides.
        kept = False
        for pattern in ignored:
            negated = pattern.startswith("!")
            if fnmatch.fnmatch(source, pattern.lstrip("!")):
                kept = negated
        if not kept:
            fault(f".dockerignore: keeps {source} from the Dockerfile")
    if "cargo build --release --locked --bin svarstid" not in text:
        fault("Dockerfile: does not run the release build")
    # The builder sees nothing else: what the program is made of must be among it.
    with tempfile.TemporaryDirectory() as folder:
        for source in copied:
            target = pathlib.Path(folder) / source
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(ROOT / source)
        for made_of in (ROOT / "src").rglob("*.rs"):
            for path in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', made_of.read_text()):
                needed = (made_of.parent / path).resolve().relative_to(ROOT)
                is_test = "tests" in made_of.name or "tests" in made_of.parts
                if not is_test and not (pathlib.Path(folder) / needed).exists():
                    fault(f"Dockerfile: does not copy {needed}, which {made_of.name} includes")
        metadata = ["cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version=1"]
        done = subprocess.run(metadata, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fault(f"Dockerfile: cargo cannot read what is copied: {done.stderr.strip()}")


def unit(program):
    path = ROOT / "config/systemd/svarstid.service"
    text = path.read_text().replace("/usr/local/bin/svarstid", str(program))
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "svarstid.service"
        copy.write_text(text)
        for command in (
            ["systemd-analyze", "verify", "--man=no", copy],
            ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", copy],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                fault(f"{path.name}: {' '.join(command[:2])}: {' '.join(said[-3:])}")
            elif command[1] == "security":
                print(done.stdout.strip().splitlines()[-1])


def configuration(program):
    file = ROOT / "config/compose.toml"
    command = [program, "check", "--config", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fault(f"config/compose.toml: {done.stderr.strip()}")


program = pathlib.Path(sys.argv[1]).resolve()
count = compose()
dockerfile()
unit(program)
configuration(program)
for text in faults:
    print(text, file=sys.stderr)
if faults:
    sys.exit(1)
print(f"{count} services, the image and the unit: nothing to object to")
