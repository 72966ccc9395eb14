/** All routes of a node, in one list. */
import type { Catalogue } from '../deploy/catalogue.ts'
import type { PackageMeans } from '../deploy/import-source.ts'
import type { SendMessage } from '../domain/sending/send.ts'
import type { Engine } from '../engine/engine.ts'
import type { Followers } from './follow.ts'
import type { PortalSites } from './portal-sites.ts'
import type { Route } from './route.ts'
import { adminUserRoutes } from './routes/admin-users.ts'
import { auditRoutes } from './routes/audit.ts'
import { authVersionRoutes } from './routes/auth-versions.ts'
import { authenticatorRoutes } from './routes/authenticators.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { codeRoutes } from './routes/code.ts'
import { collectionRoutes } from './routes/collections.ts'
import { developerFactorRoutes } from './routes/developer-factors.ts'
import { developerRoutes } from './routes/developers.ts'
import { edgeReviewRoutes } from './routes/edge-reviews.ts'
import { edgeRoutes } from './routes/edges.ts'
import { executeRoutes } from './routes/execute.ts'
import { gatewayRoutes } from './routes/gateway.ts'
import { itemRoutes } from './routes/items.ts'
import { keptRoutes } from './routes/kept.ts'
import { libraryRoutes } from './routes/libraries.ts'
import { nodeRoutes } from './routes/node.ts'
import { packageRoutes } from './routes/packages.ts'
import { passwordRoutes } from './routes/passwords.ts'
import { portalRoutes } from './routes/portals.ts'
import { roleRoutes } from './routes/roles.ts'
import { secretRoutes } from './routes/secrets.ts'
import { inboxRoutes, sendingRoutes } from './routes/sending.ts'
import { signInRoutes, type Trying } from './routes/sign-ins.ts'
import { systemRoutes } from './routes/systems.ts'
import { typedSecretRoutes } from './routes/typed-secrets.ts'
import { userAuthRoutes } from './routes/user-auth.ts'
import { userRoutes } from './routes/users.ts'

export const routesOf = (
  engine: Engine,
  catalogue: Catalogue,
  packages: PackageMeans,
  node: Parameters<typeof nodeRoutes>[0],
  mode: 'development' | 'production',
  send: SendMessage,
  sites: PortalSites,
  trying: Trying,
  followers: Followers,
): readonly Route[] => [
  ...catalogueRoutes(catalogue, packages),
  ...packageRoutes(packages),
  ...executeRoutes(engine),
  ...signInRoutes(engine, trying, followers),
  ...authVersionRoutes(engine),
  ...nodeRoutes(node),
  ...userAuthRoutes,
  ...userRoutes,
  ...developerRoutes,
  ...developerFactorRoutes,
  ...systemRoutes,
  ...auditRoutes,
  ...secretRoutes,
  ...sendingRoutes,
  // In production neither is there, whoever asks.
  ...(mode === 'development' ? [...inboxRoutes, ...gatewayRoutes] : []),
  ...adminUserRoutes,
  ...authenticatorRoutes(send),
  ...passwordRoutes(send),
  ...roleRoutes,
  ...collectionRoutes,
  ...itemRoutes,
  ...codeRoutes,
  ...libraryRoutes,
  ...typedSecretRoutes,
  ...portalRoutes(sites),
  ...edgeRoutes,
  ...edgeReviewRoutes,
  ...keptRoutes,
]
