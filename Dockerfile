# syntax=docker/dockerfile:1
# The mammo-cadx service. Three stages: install and trim, list what is inside (SBOM), run.
#
#   docker build -t mammo-cadx .                                                the service; it needs no torch
#   docker build -t mammo-cadx-training --build-arg EXTRAS=training .           with cadx-train, and torch for the CPU
#   ... --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130          with another build of torch

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /src
RUN python -m venv --without-pip /opt/venv

# Everything the service needs, in the exact versions of constraints.txt: an empty project with the same requirements,
# so that this layer outlives changes of our own code. torch 2.13.0+cpu of its own index ranks above the 2.13.0 of any
# other, so an extra index is enough to get the CPU build.
ARG EXTRAS=
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY pyproject.toml constraints.txt ./
RUN touch README.md LICENSE \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --constraint constraints.txt \
        ${TORCH_INDEX:+--extra-index-url "${TORCH_INDEX}"} ".${EXTRAS:+[${EXTRAS}]}"

# A C compiler for the kernels of cadx.lesion, in this stage only: whichever version the base has. What Debian packages
# the image ships is what the base has before.
# hadolint ignore=DL3008
RUN cp /var/lib/dpkg/status dpkg-status \
    && apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

# Our own packages in place of the empty ones. Without its extra the training command could not run, so it goes.
COPY LICENSE README.md setup.py ./
COPY cadx cadx
COPY training training
COPY app app
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps --force-reinstall . \
    && case "${EXTRAS}" in *training*) ;; *) rm -f /opt/venv/bin/cadx-train ;; esac

# Drop what nobody opens at run time, then run whole assessments: they prove that nothing needed is gone, and they leave
# byte code for exactly the modules that a request imports, since the read-only container could never write any.
COPY deploy/image/trim.py deploy/image/smoke.py deploy/image/
RUN python deploy/image/trim.py /opt/venv \
    && /opt/venv/bin/python deploy/image/smoke.py


FROM build AS sbom
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --constraint constraints.txt cyclonedx-bom
COPY deploy/image/sbom.py deploy/image/
RUN /opt/tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --output-file python.cdx.json /opt/venv/bin/python \
    && python deploy/image/sbom.py python.cdx.json dpkg-status > sbom.cdx.json


FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="mammo-cadx" \
      org.opencontainers.image.description="Probability of malignancy of a marked mammographic lesion, over HTTP. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 cadx \
    && useradd --no-log-init --uid 10001 --gid cadx --no-create-home --home-dir /tmp --shell /usr/sbin/nologin cadx \
    && install -d -o root -g root /models
COPY --from=build /opt/venv /opt/venv
COPY --from=sbom /src/sbom.cdx.json /usr/share/doc/mammo-cadx/sbom.cdx.json
COPY deploy/image/healthcheck.py /usr/local/lib/mammo-cadx/healthcheck.py
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CADX_HOST=0.0.0.0 \
    CADX_PORT=8000 \
    CADX_MODELS_DIR=/models
WORKDIR /
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "/usr/local/lib/mammo-cadx/healthcheck.py"]
ENTRYPOINT ["python", "-m", "app"]
