"""Apache Kafka's jars from Maven Central, once per user and version, kept in the user's cache directory.

Two processes that need them at once do the work once: a file lock, and a rename that shows all of it or nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from demo.stack.process import StackError

KAFKA_VERSION = "4.1.0"
_LEAST_JAVA = 17
_MAVEN_TIMEOUT_S = 900.0
_ADVICE = "install a JDK of at least 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)"
# Kafka's own logging binding is not among its dependencies; without one a broker that cannot start says nothing.
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


def java_and_maven() -> bool:
    """Whether Apache Kafka can be had here: both programs are on PATH (their versions are looked at only when used)."""
    return shutil.which("java") is not None and shutil.which("mvn") is not None


def kafka_jars() -> Path:
    """The directory with the jars; fetched (some 43 MB) if this user does not have them yet. Raises StackError."""
    _require_java()
    jars = _cache() / f"kafka-{KAFKA_VERSION}"
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / f"{jars.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():  # another process may have fetched them while this one waited
            _fetch(jars)
    return jars


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "care-transitions"


def _fetch(jars: Path) -> None:
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix=f"{jars.name}.") as work:
        pom = Path(work, "pom.xml")
        pom.write_text(_POM)
        _maven(pom, Path(work, "jars"))
        Path(work, "jars").rename(jars)


def _maven(pom: Path, target: Path) -> None:
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MAVEN_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError as error:
        raise StackError(f"no Maven on PATH: {_ADVICE}") from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"Maven had not fetched Apache Kafka after {_MAVEN_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0 or not any(target.glob("kafka_2.13-*.jar")):
        tail = (done.stdout + done.stderr).strip()[-2_000:]
        raise StackError(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}. The end of its output:\n{tail}")


def _require_java() -> None:
    if shutil.which("java") is None:
        raise StackError(f"no Java on PATH: {_ADVICE}")
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', done.stderr + done.stdout)
    if done.returncode != 0 or found is None:
        raise StackError(f"`java -version` does not work here: {_ADVICE}")
    if int(found[1]) < _LEAST_JAVA:
        raise StackError(f"Java {found[1]} cannot run Apache Kafka {KAFKA_VERSION}: {_ADVICE}")
