/** All routes of a node, in one list. */
import type { Route } from './route.ts'
import { developerRoutes } from './routes/developers.ts'
import { nodeRoutes } from './routes/node.ts'
import { systemRoutes } from './routes/systems.ts'
import { userAuthRoutes } from './routes/user-auth.ts'
import { userRoutes } from './routes/users.ts'

export const routesOf = (node: Parameters<typeof nodeRoutes>[0]): readonly Route[] => [
  ...nodeRoutes(node),
  ...userAuthRoutes,
  ...userRoutes,
  ...developerRoutes,
  ...systemRoutes,
]
