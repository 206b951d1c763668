# The gateway's image. test/system/image-layout.spec.ts runs these COPY and RUN lines without a Docker engine: it knows
# COPY, RUN with && and the stages of this file; keep to those.

FROM node:24-slim AS base
WORKDIR /app

# better-sqlite3 is native: where its prebuilt binary cannot be had, npm compiles it. The compiler stays in this stage.
FROM base AS toolchain
RUN apt-get update && apt-get install --yes --no-install-recommends g++ make python3
COPY package.json package-lock.json ./

# The sandbox is for a developer's machine: what is not in the image cannot be started by mistake.
FROM toolchain AS build
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && rm -r dist/sandbox

FROM toolchain AS dependencies
RUN npm ci --omit=dev

FROM base AS production
# The admin listener beyond loopback, so that a probe or Prometheus reaches it: without GATEWAY_ADMIN_TOKEN it then serves
# health and metrics only.
ENV NODE_ENV=production GATEWAY_STATE_DIR=/data GATEWAY_ADMIN_HOST=0.0.0.0
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 11434 11435
# The gateway drains its streams on SIGTERM (compose.yaml: stop_grace_period); a second one ends it at once.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.GATEWAY_ADMIN_PORT || 11435) + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
