FROM python:3.12-slim AS build
WORKDIR /source
# Two environments: one that builds (it has setuptools from the lock), one that is shipped.
RUN python -m venv /build && python -m venv /opt/tactful
COPY requirements.txt requirements-image.txt ./
RUN /build/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt \
    && /opt/tactful/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-image.txt
COPY . .
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/tactful/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.12-slim
# The number, not the name: Kubernetes checks runAsNonRoot by it.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tactful \
    && install -d -o 10001 -g 10001 /var/lib/tactful
COPY --from=build /opt/tactful /opt/tactful
COPY LICENSE /usr/share/doc/tactful/
ENV PATH=/opt/tactful/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TACTFUL_STATE_DIR=/var/lib/tactful
USER 10001:10001
VOLUME /var/lib/tactful
EXPOSE 8080
ENTRYPOINT ["tactful"]
CMD ["worker"]
