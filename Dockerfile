# Weir's image: Node, the program and nothing else; no shell, no package manager, no root. docs/docker.md says how to use it.

# Both tags move. A release names by digest what they stand for at that time (docs/releasing.md).
ARG NODE_IMAGE=node:24-bookworm-slim
ARG NODE_DIGEST=
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG BASE_DIGEST=

# Builds the program and lays everything out in /image as it will lie in the image, readable by any user. On the platform of the
# machine that builds, whatever the image is for: nothing in /image depends on it. Builders without BuildKit do not set
# BUILDPLATFORM, and take `linux` for their own processor.
FROM --platform=${BUILDPLATFORM:-linux} ${NODE_IMAGE}${NODE_DIGEST:+@${NODE_DIGEST}} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs && find dist -name '*.map' -delete \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && node docker/prune-modules.mjs node_modules \
 && mkdir -p /image/root/app /image/root/etc/weir/config /image/bin \
 && mv dist node_modules proto package.json LICENSE /image/root/app/ \
 && cp -r config/rules /image/root/etc/weir/rules && ln -s ../rules /image/root/etc/weir/config/rules \
 && cp docker/weir docker/ratelimit /image/bin/ \
 && chmod -R a+rX,go-w /image && chmod 755 /image/bin/* \
 && node docker/load-program.mjs /image/root/app/dist

FROM ${BASE_IMAGE}${BASE_DIGEST:+@${BASE_DIGEST}}
ARG BASE_IMAGE
ARG BASE_DIGEST
# The same as in package.json; a test checks that.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="weir" \
      org.opencontainers.image.description="A rate limit service for Envoy: exact token buckets, rules that cannot surprise, never late." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"

COPY --from=build /image/root /
# Separately, since /bin is a link in some bases.
COPY --from=build /image/bin/ /bin/
ENV NODE_ENV=production
# From here config/rules, the default of WEIR_RULES, is the folder /etc/weir/rules. It is not set in the environment: that would
# take precedence over the variables of envoyproxy/ratelimit.
WORKDIR /etc/weir
# In digits, so that Kubernetes can see that it is not root.
USER 65532:65532
# gRPC, and HTTP for probes, metrics and /json. The admin API (6070) listens inside the container only, by default.
EXPOSE 8081 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/nodejs/bin/node", "/app/dist/main.js", "check"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["serve"]
