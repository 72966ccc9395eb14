/** The parts of a system, in the order in which they stand beside each other. */
import {
  type Icon,
  IconCode,
  IconHistory,
  IconInbox,
  IconInfoCircle,
  IconLayoutDashboard,
  IconLogin2,
  IconPackage,
  IconServer,
  IconShieldCheck,
  IconTable,
  IconTopologyStar3,
  IconUsers,
} from '@tabler/icons-react'

/** `inDevelopment`: there is no such part in production. */
export type Place = { path: string; label: string; icon: Icon; inDevelopment?: true }

export const places: Place[] = [
  { path: 'code', label: 'Code', icon: IconCode },
  { path: 'data', label: 'Data', icon: IconTable },
  { path: 'users', label: 'Users', icon: IconUsers },
  { path: 'roles', label: 'Roles', icon: IconShieldCheck },
  { path: 'portals', label: 'Portals', icon: IconLayoutDashboard },
  { path: 'edges', label: 'Edges', icon: IconServer },
  { path: 'deployments', label: 'Deployments', icon: IconTopologyStar3 },
  { path: 'packages', label: 'Packages', icon: IconPackage },
  { path: 'sign-ins', label: 'Sign-ins', icon: IconLogin2 },
  { path: 'audit', label: 'Audit', icon: IconHistory },
  { path: 'inbox', label: 'Inbox', icon: IconInbox, inDevelopment: true },
  { path: 'info', label: 'Info', icon: IconInfoCircle },
]
