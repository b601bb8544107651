# One image for the worker, the console and the commands: `docker build -t tactful .`
# The base is pinned by its digest, so that a tag which was pushed again changes nothing and a wrong digest builds nothing.
# `docker buildx imagetools inspect python:3.12-slim-bookworm` prints the newest; another base: --build-arg PYTHON_IMAGE=...
ARG PYTHON_IMAGE=python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
# What is shipped has no pip of its own; what builds the wheel is setuptools alone, by its hash in the developers' lock.
RUN python -m venv --without-pip /opt/tactful && python -m venv /build
COPY requirements.txt requirements-image.txt ./
RUN pip --python /opt/tactful install --no-cache-dir --require-hashes --no-deps -r requirements-image.txt \
    && sed -n '/^setuptools==/,/[^\\]$/p' requirements.txt > /build/setuptools.txt \
    && pip --python /build install --no-cache-dir --require-hashes --no-deps -r /build/setuptools.txt
COPY . .
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /opt/tactful install --no-cache-dir --no-deps /wheel/*.whl

FROM ${PYTHON_IMAGE}
# The number, not the name: Kubernetes checks runAsNonRoot by it.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tactful \
    && install -d -o 10001 -g 10001 /var/lib/tactful
COPY --from=build /opt/tactful /opt/tactful
COPY LICENSE /usr/share/doc/tactful/
# Nothing is written but the state folder: the rest of the file system may be read-only.
ENV PATH=/opt/tactful/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TACTFUL_STATE_DIR=/var/lib/tactful
WORKDIR /var/lib/tactful
USER 10001:10001
VOLUME /var/lib/tactful
EXPOSE 8080
# Asks /healthz where the command listens: worker, console, or deliver --listen. After 3 failures in a row, 90 s: a worker that hangs ends itself after 60.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "app.http.alive"]
ENTRYPOINT ["tactful"]
CMD ["worker"]
