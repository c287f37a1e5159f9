# driftgate in an image: `docker build -t driftgate .`, then `docker run --rm -v "$PWD:/src:ro" driftgate check`.
# With `--target ci` a shell and git beside it, as runners of CI want them.
FROM rust:1.89.0-alpine3.22 AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches benches
COPY schemas schemas
COPY src src
# `.git` stays outside: `--build-arg DRIFTGATE_COMMIT="$(git log -1 --abbrev=9 --format='%h %cs')"` says it to `--version`.
ARG DRIFTGATE_COMMIT
RUN cargo build --release --locked --bin driftgate && mkdir /empty

FROM alpine:3.22.1 AS ci
LABEL org.opencontainers.image.title="driftgate" \
      org.opencontainers.image.description="The drift guard, with a shell and git" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN apk add --no-cache git
COPY --from=build /build/target/release/driftgate /usr/local/bin/driftgate
WORKDIR /src
CMD ["driftgate", "check"]

# The binary and nothing else: no shell, no git, so no git revisions.
FROM scratch
LABEL org.opencontainers.image.title="driftgate" \
      org.opencontainers.image.description="The drift guard: lockfiles and container manifests held to a pinned bill of materials" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/target/release/driftgate /driftgate
COPY --from=build --chown=65532:65532 /empty /src
USER 65532:65532
WORKDIR /src
ENTRYPOINT ["/driftgate"]
CMD ["check"]
