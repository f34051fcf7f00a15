# Weir's image: Node, the program and nothing else; no shell, no package manager, no root. docs/docker.md tells how to use it.

FROM node:24-bookworm-slim AS modules
WORKDIR /modules
COPY package.json package-lock.json .npmrc docker/prune-modules.mjs ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && node prune-modules.mjs node_modules

# Builds the program and lays everything out in /image as it will lie in the image, readable by any user.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY --from=modules /modules/node_modules /image/app/node_modules
COPY . .
RUN node scripts/build.mjs && find dist -name '*.map' -delete \
 && cp -r dist proto package.json LICENSE /image/app/ \
 && mkdir -p /image/etc/weir/config /image/bin \
 && cp -r config/rules /image/etc/weir/rules && ln -s ../rules /image/etc/weir/config/rules \
 && cp docker/weir docker/ratelimit /image/bin/ \
 && chmod -R a+rX,go-w /image && chmod 755 /image/bin/* \
 && node docker/load-program.mjs /image/app/dist

FROM gcr.io/distroless/nodejs24-debian12:nonroot
# The same as in package.json; a test holds that.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="weir" \
      org.opencontainers.image.description="A rate limit service for Envoy: exact token buckets, rules that cannot surprise, never late." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="gcr.io/distroless/nodejs24-debian12:nonroot"

COPY --from=build /image/app /app
COPY --from=build /image/etc/weir /etc/weir
COPY --from=build /image/bin/ /bin/
ENV NODE_ENV=production
# Where config/rules, the default, is the folder /etc/weir/rules. No setting: one in the image would win over those that the
# environment of envoyproxy/ratelimit stands for.
WORKDIR /etc/weir
# In digits, so that Kubernetes can see that it is not root.
USER 65532:65532
# gRPC, and HTTP for probes, metrics and /json. The admin API (6070) listens inside the container only, unless told otherwise.
EXPOSE 8081 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/nodejs/bin/node", "/app/dist/main.js", "check"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["serve"]
