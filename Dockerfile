# The command `broadcast` in a small image, as a user of its own. Built from the repository's top:
#   docker build -t broadcast .
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/broadcast
COPY ops/requirements.lock ops/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY broadcast broadcast
COPY config config
RUN /opt/broadcast/bin/pip install --no-cache-dir --constraint ops/requirements.lock . && cp -rL config /etc/broadcast

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin broadcast
COPY --from=build /opt/broadcast /opt/broadcast
COPY --from=build /etc/broadcast /etc/broadcast
ENV PATH=/opt/broadcast/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BROADCAST_LOG=json \
    BROADCAST_CONFIG=/etc/broadcast/vietnam.toml
WORKDIR /tmp
USER 10001
EXPOSE 9464
# alive, not ready: a worker that cannot reach the database is to go on. What is no worker has it switched off (ops/compose.yaml)
HEALTHCHECK --start-period=60s --interval=10s --timeout=5s --retries=3 \
    CMD ["python", "-m", "broadcast.monitor.probe", "http://127.0.0.1:9464/healthz"]
ENTRYPOINT ["broadcast"]
CMD ["worker", "--wait", "--metrics-host", "0.0.0.0", "--metrics-port", "9464"]
