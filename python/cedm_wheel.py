# SPDX-License-Identifier: MIT
"""Builds the wheel: the backend of `pip install .` (PEP 517), and `make wheel`.

    python3 python/cedm_wheel.py PARTS OUT

PARTS is the folder of the compiled parts, OUT where the wheel is written.  Only the
standard library is used, so that nothing is downloaded to build it.
"""

import base64
import hashlib
import os
import pathlib
import platform
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is built
METADATA = """Metadata-Version: 2.1
Name: cedm
Version: {version}
Summary: Sample images from frozen cluster-conditioned diffusion models
License: MIT
License-File: LICENSE
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{description}"""
WHEEL = """Wheel-Version: 1.0
Generator: cedm
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""


def version():
    header = (ROOT / "include/cedm.h").read_text()
    return re.search(r'^#define CEDM_VERSION "(.*)"', header, re.M).group(1)


def platform_tag(parts):
    """manylinux with the C library that the parts ask for (PEP 600), 2.17 at least."""
    asked = [int(found) for part in parts if part.suffix != ".cedm"
             for found in re.findall(rb"GLIBC_2\.(\d+)", part.read_bytes())]
    machine = platform.machine()
    if not asked or sys.platform != "linux":
        return f"{sys.platform}_{machine}"
    return f"manylinux_2_{max([17] + asked)}_{machine}"


def contents(parts):
    """Names in the package, and bytes."""
    for source in sorted((ROOT / "python/cedm").glob("*.*")):
        text = source.read_bytes().replace(b"@VERSION@", version().encode())
        yield f"cedm/{source.name}", text
    for part in parts:
        yield f"cedm/{part.name}", part.read_bytes()


def description():
    """The README's part on Python."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"^### Python\n\n(.*?)^#", readme, re.M | re.S)
    return found.group(1) if found else ""


def information(tag):
    metadata = METADATA.format(version=version(), description=description())
    yield "METADATA", metadata.encode()
    yield "WHEEL", WHEEL.format(platform=tag).encode()
    yield "licenses/LICENSE", (ROOT / "LICENSE").read_bytes()


def write(parts, out):
    """The name of the wheel."""
    tag = platform_tag(parts)
    folder = f"cedm-{version()}.dist-info"
    files = [*contents(parts), *((f"{folder}/{name}", data) for name, data in information(tag))]
    record = ""
    name = f"cedm-{version()}-py3-none-{tag}.whl"
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
            record += f"{path},sha256={digest.decode()},{len(data)}\n"
            add(wheel, path, data)
        add(wheel, f"{folder}/RECORD", f"{record}{folder}/RECORD,,\n".encode())
    return name


def add(wheel, path, data):
    entry = zipfile.ZipInfo(path, EPOCH)
    entry.external_attr = 0o644 << 16
    wheel.writestr(entry, data, zipfile.ZIP_DEFLATED)


# ---- PEP 517 ---------------------------------------------------------------


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    subprocess.run(["make", f"-j{os.cpu_count()}", "NVCC=", f"BUILD={build}", "wheel-parts"],
                   cwd=ROOT, check=True)
    parts = ROOT / build / "wheel/parts"
    return write(sorted(parts.iterdir()), pathlib.Path(wheel_directory))


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("the source distribution is written by make dist")


if __name__ == "__main__":
    print(write(sorted(pathlib.Path(sys.argv[1]).iterdir()), pathlib.Path(sys.argv[2])))
