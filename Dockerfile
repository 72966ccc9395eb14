# A node in production mode, as the user "node", with its data in the volume /data.
#
#   docker build -t gatehouse .
#   docker run -v gatehouse:/data -p 127.0.0.1:9000:9000 \
#     -e GATEHOUSE_URL=https://gatehouse.example.com gatehouse
#
# The walls round developers' code need user namespaces, which containers usually forbid. The node then does not
# start and says so: allow them, or add -e GATEHOUSE_WEAK_SANDBOX=true (docs/operate.md, docs/security.md).

# The web pages are built with tools that the image itself does not keep.
FROM node:26-slim AS web
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY packages/web packages/web
RUN npm ci --ignore-scripts && npm run build

FROM node:26-slim

WORKDIR /app

# Manifests first, so that a change of code alone does not install again. The optional packages are Node.js itself,
# which this image has already.
COPY package.json package-lock.json .npmrc ./
COPY packages/contract/package.json packages/contract/
COPY packages/server/package.json packages/server/
COPY packages/cli/package.json packages/cli/
RUN npm pkg delete scripts.prepare && npm ci --omit=dev --omit=optional && npm cache clean --force

COPY LICENSE README.md ./
COPY packages packages
COPY --from=web /app/packages/web/dist packages/web/dist
RUN mkdir -m 700 /data && chown node:node /data

USER node
ENV NODE_ENV=production \
    GATEHOUSE_MODE=production \
    GATEHOUSE_HOST=0.0.0.0 \
    GATEHOUSE_PORT=9000 \
    GATEHOUSE_DATA=/data
VOLUME /data
EXPOSE 9000
STOPSIGNAL SIGTERM

# Plain http inside the container: TLS ends at the proxy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.GATEHOUSE_PORT}/healthz`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "packages/cli/src/gatehouse.js"]
CMD ["start"]
