# syntax=docker/dockerfile:1
# The mammo-cadx service. Three stages: install and trim, list what is inside (SBOM), run.
#
#   docker build -t mammo-cadx .
#   docker build -t mammo-cadx --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .    another build of torch
#   docker build -t mammo-cadx --build-arg TORCH_INDEX= .             torch from wherever pip is configured to look

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# strip, for symbol tables that nothing reads at run time (DL3008: a tool of this stage only, it never ships).
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv --without-pip /opt/venv

# Everything the service needs, in the exact versions of constraints.txt; this layer outlives changes of our own code.
# Version 2.13.0+cpu of that index ranks above 2.13.0 of any other, so the CPU build wins without a second requirement.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --constraint constraints.txt \
        ${TORCH_INDEX:+--extra-index-url "${TORCH_INDEX}"} --requirement requirements.txt

# Our own packages. The training command's dependencies are not here, so neither is the command.
COPY LICENSE README.md ./
COPY cadx cadx
COPY app app
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps . \
    && rm -f /opt/venv/bin/cadx-train

# Drop what serving never opens, then run one whole assessment: it proves that nothing needed is gone, and it leaves
# byte code for exactly the modules that a request imports, since the read-only container could never write any.
COPY deploy/image/trim.py deploy/image/smoke.py deploy/image/
RUN python deploy/image/trim.py /opt/venv \
    && /opt/venv/bin/python deploy/image/smoke.py


FROM build AS sbom
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --constraint constraints.txt cyclonedx-bom
COPY deploy/image/sbom.py deploy/image/
RUN /opt/tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --output-file python.cdx.json /opt/venv/bin/python \
    && python deploy/image/sbom.py python.cdx.json /var/lib/dpkg/status > sbom.cdx.json


FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="mammo-cadx" \
      org.opencontainers.image.description="Probability of malignancy of a marked mammographic lesion, over HTTP. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 cadx \
    && useradd --system --uid 10001 --gid cadx --no-create-home --home-dir /tmp --shell /usr/sbin/nologin cadx \
    && install -d -o root -g root /models
COPY --from=build /opt/venv /opt/venv
COPY --from=sbom /src/sbom.cdx.json /usr/share/doc/mammo-cadx/sbom.cdx.json
COPY deploy/image/healthcheck.py /usr/local/lib/mammo-cadx/healthcheck.py
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CADX_HOST=0.0.0.0 \
    CADX_PORT=8000 \
    CADX_MODELS_DIR=/models \
    TORCH_HOME=/models/.torch
WORKDIR /
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "/usr/local/lib/mammo-cadx/healthcheck.py"]
ENTRYPOINT ["python", "-m", "app"]
