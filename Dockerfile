# syntax=docker/dockerfile:1
# svarstid in a small image: built with the default features, run by a user without rights. For TLS
# or SCRAM towards the brokers: --build-arg FEATURES=tls-vendored.

FROM rust:1.95.0-slim-bookworm AS build
# The Kafka client is C and C++ and is built by make; perl builds OpenSSL for tls-vendored.
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make perl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock askama.toml ./
COPY src src
COPY config/demo.toml config/demo.toml
COPY benches benches
COPY tests tests
ARG FEATURES=""
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin svarstid --features "$FEATURES" \
 && cp target/release/svarstid /usr/local/bin/svarstid

FROM debian:12.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/svarstid --create-home svarstid \
 && install -d -o svarstid -g svarstid -m 0700 /var/lib/svarstid /var/lib/svarstid-keys
COPY --from=build /usr/local/bin/svarstid /usr/local/bin/svarstid
USER svarstid
ENV SVARSTID_CONFIG=/etc/svarstid/svarstid.toml
EXPOSE 9464
# Asks the address and over what the configuration says. SIGTERM drains within five seconds.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
  CMD ["svarstid", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["svarstid"]
CMD ["run"]
