# One image for all of our processes; the command says which one it is.

FROM python:3.11-slim AS packages
RUN python -m venv /opt/weir
COPY deploy/docker/requirements.lock /tmp/requirements.lock
RUN /opt/weir/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM python:3.11-slim
ARG COMMIT=""
ENV PATH=/opt/weir/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WEIR_COMMIT=$COMMIT \
    WEIR_DATA=/data \
    WEIR_ARCHIVE=/archive \
    WEIR_HOST=0.0.0.0 \
    WEIR_LOG_FORMAT=json
# A new named volume takes its owner from the folder that it covers.
RUN useradd --uid 10001 --no-create-home weir \
 && mkdir /data /archive \
 && chown weir:weir /data /archive
COPY --from=packages /opt/weir /opt/weir
COPY --chmod=755 deploy/docker/weir /usr/local/bin/weir
WORKDIR /app
COPY schemas schemas
COPY runtime runtime
COPY ingest ingest
COPY processors processors
COPY sinks sinks
COPY console console
COPY deploy deploy
RUN python -m compileall -q .
USER weir
CMD ["weir", "--help"]
