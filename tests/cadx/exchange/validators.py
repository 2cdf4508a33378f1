"""Independent readers that are run on our objects; a test is skipped visibly where one is not installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PIXELMED = Path("/usr/share/java/pixelmed.jar")

EXPLAINED = (
    # docs/dicom.md, "What validators say": the reason for each.
    r"Unrecognized defined term <99CADX> for value 1 of attribute <Coding Scheme Designator>",
    r"Unrecognized defined term <2\.25\.\d+> for value 1 of attribute <Coding Scheme UID>",
    r"needed to build DICOMDIR - Study (Date|Time|ID)",
    r"is only permitted to be empty when actually unknown; .* attribute <Laterality>",
)
"""Warnings of dciodvfy."""
SYNTHETIC = (
    r"\(0x0008,0x001c\)",
    r"Dicom dataset contains attributes not present in standard DICOM IOD",
)
"""What dciodvfy says of Synthetic Data, an attribute that is younger than it."""
TEMPLATE_EXPLAINED = (
    r'TEXT \(122405,DCM,"Algorithm Manufacturer"\): Content Item not in template',
    r'CODE \(G01,99CADX,"Reason to doubt this result"\): Content Item not in template',
    r'(CODE|TEXT) \((V03|V04|V08),99CADX,"[^"]*"\): Content Item not in template',
    r'NUM \(V02,99CADX,"Probability of cancer that the reader was shown"\)/COMPOSITE: Content Item not in template',
    r'CODE \(111005,DCM,"Assessment Category"\): Content Item not in template',
)
"""Warnings of PixelMed."""
_END = "== end ==\n"
_VALIDATE = """
import com.pixelmed.validate.DicomSRValidator;
import java.io.*;

public class Validate {
    public static void main(String[] arguments) throws Exception {
        DicomSRValidator validator = new DicomSRValidator();
        BufferedReader files = new BufferedReader(new InputStreamReader(System.in));
        for (String file = files.readLine(); file != null; file = files.readLine()) {
            try {
                System.out.println(validator.validate(file));
            } catch (Exception failed) {
                System.out.println("Exception: " + failed);
            }
            System.out.println("== end ==");
        }
    }
}
"""


def dciodvfy(path: Path, explained: tuple[str, ...] = EXPLAINED) -> list[str]:
    """What dciodvfy says that is not explained: errors and warnings."""
    lines = _run("dciodvfy", str(path)).splitlines()
    return [line for line in lines if re.search("Error|Warning", line) and not _any(explained, line)]


def dsrdump(path: Path) -> str:
    """The report as dcmtk prints it; fails where dcmtk cannot read it."""
    return _run("dsrdump", "+Pl", "+U8", str(path), check=True)


def dcmpschk(path: Path) -> str:
    """What dcmtk says of a presentation state."""
    return _run("dcmpschk", str(path))


class PixelMed:
    """PixelMed's template validator, one process for all files: most are read in less time than it takes to start."""

    def __init__(self, folder: Path) -> None:
        source = folder / "Validate.java"
        source.write_text(_VALIDATE)
        limits = [f"-Djdk.xml.{name}=0" for name in ("xpathExprOpLimit", "xpathExprGrpLimit", "xpathTotalOpLimit")]
        command = ["java", "-XX:+UseSerialGC", "-Djava.awt.headless=true", *limits, "-cp", str(PIXELMED), str(source)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def validate(self, path: Path) -> str:
        """What it says of a file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line == _END:
                return "".join(lines)
            lines.append(line)
        pytest.fail(f"PixelMed's validator ended: {''.join(lines)}")


def template_faults(said: str) -> list[str]:
    """What PixelMed's template validator said that is not explained."""
    assert "IOD validation complete" in said, said
    assert "Root Template Validation Complete" in said, said
    return [
        line
        for line in said.splitlines()
        if re.search("Error|Warning|Exception", line) and not _any(TEMPLATE_EXPLAINED, line)
    ]


def _any(patterns: tuple[str, ...], line: str) -> bool:
    return any(re.search(pattern, line) for pattern in patterns)


def _run(tool: str, *arguments: str, check: bool = False) -> str:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, errors="replace", timeout=280)
    assert not (check and done.returncode), done.stderr
    return done.stdout + done.stderr
