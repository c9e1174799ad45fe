"""Package discovery for the three source roots; everything else is in setup.cfg."""

from setuptools import find_packages, setup

ROOTS = {"common": "common/buildmill", "worker": "worker/buildmill", "master": "master/buildmill"}
WITHIN = {"plugins": "master/buildmill", "client": "common/buildmill"}
setup(
    packages=[
        *(f"buildmill.{p}" for root in ROOTS.values() for p in find_packages(root)),
    ],
    package_dir={f"buildmill.{name}": f"{root}/{name}" for name, root in (ROOTS | WITHIN).items()},
)
