/** Every page of the console and its address. Pages are loaded when they are first opened. */
import { Center, Loader } from '@mantine/core'
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router'
import { Frame } from './frame/frame.tsx'
import { PageFailed } from './frame/page-failed.tsx'
import { SystemFrame } from './frame/system-frame.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { SystemsPage } from './pages/systems.tsx'

const codeRoutes: RouteObject = {
  path: 'code',
  lazy: async () => ({ Component: (await import('./pages/code/code-page.tsx')).CodePage }),
  children: [
    { index: true, lazy: async () => ({ Component: (await import('./pages/code/code-page.tsx')).NothingOpen }) },
    {
      path: ':kind/:name',
      lazy: async () => ({ Component: (await import('./pages/code/unit-page.tsx')).UnitPage }),
    },
  ],
}

const dataRoutes: RouteObject = {
  path: 'data',
  lazy: async () => ({ Component: (await import('./pages/data/data-page.tsx')).DataPage }),
  children: [
    { index: true, lazy: async () => ({ Component: (await import('./pages/data/data-page.tsx')).NoCollectionOpen }) },
    {
      path: ':name',
      lazy: async () => ({ Component: (await import('./pages/data/collection-page.tsx')).CollectionPage }),
    },
  ],
}

const ofSystem: RouteObject[] = [
  { index: true, element: <Navigate to="code" replace /> },
  codeRoutes,
  dataRoutes,
  { path: 'users', lazy: async () => ({ Component: (await import('./pages/users/users.tsx')).UsersPage }) },
  { path: 'users/:userId', lazy: async () => ({ Component: (await import('./pages/users/user.tsx')).UserPage }) },
  { path: 'roles', lazy: async () => ({ Component: (await import('./pages/roles/roles.tsx')).RolesPage }) },
  { path: 'roles/:roleId', lazy: async () => ({ Component: (await import('./pages/roles/role.tsx')).RolePage }) },
  { path: 'portals', lazy: async () => ({ Component: (await import('./pages/portals.tsx')).PortalsPage }) },
  {
    path: 'portals/:name/edit',
    lazy: async () => ({ Component: (await import('./pages/portal-editor/editor-page.tsx')).PortalEditorPage }),
  },
  { path: 'edges', lazy: async () => ({ Component: (await import('./pages/edges/edges.tsx')).EdgesPage }) },
  {
    path: 'deployments',
    lazy: async () => ({ Component: (await import('./pages/deployments/deployments.tsx')).DeploymentsPage }),
  },
  {
    path: 'packages',
    lazy: async () => ({ Component: (await import('./pages/installed/installed.tsx')).InstalledPage }),
  },
  { path: 'sign-ins', lazy: async () => ({ Component: (await import('./pages/sign-ins/sign-ins.tsx')).SignInsPage }) },
  { path: 'audit', lazy: async () => ({ Component: (await import('./pages/audit/audit.tsx')).AuditPage }) },
  { path: 'inbox', lazy: async () => ({ Component: (await import('./pages/inbox.tsx')).InboxPage }) },
  {
    path: 'info',
    lazy: async () => ({ Component: (await import('./pages/info/info.tsx')).InfoPage }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import('./pages/info/connect.tsx')).ConnectPage }) },
      { path: 'settings', element: <Navigate to="properties" replace /> },
      {
        path: 'settings/:tab',
        lazy: async () => ({ Component: (await import('./pages/info/settings.tsx')).SettingsPage }),
      },
    ],
  },
]

const routes: RouteObject[] = [
  { path: 'sign-in', element: <SignInPage /> },
  { path: 'setup', lazy: async () => ({ Component: (await import('./pages/setup.tsx')).SetupPage }) },
  {
    element: <Frame />,
    errorElement: <PageFailed />,
    children: [
      { index: true, element: <Navigate to="/systems" replace /> },
      { path: 'systems', element: <SystemsPage /> },
      { path: 'account', lazy: async () => ({ Component: (await import('./pages/account/account.tsx')).AccountPage }) },
      {
        path: 'packages',
        lazy: async () => ({ Component: (await import('./pages/packages/catalogue.tsx')).CataloguePage }),
      },
      {
        path: 'packages/about/:name',
        lazy: async () => ({ Component: (await import('./pages/packages/about.tsx')).PackagePage }),
      },
      {
        path: 'packages/install',
        lazy: async () => ({ Component: (await import('./pages/packages/install.tsx')).InstallPage }),
      },
      { path: 'audit', lazy: async () => ({ Component: (await import('./pages/audit/audit.tsx')).AuditPage }) },
      { path: 'systems/:systemKey', element: <SystemFrame />, errorElement: <PageFailed />, children: ofSystem },
    ],
  },
]

const loading = (
  <Center h="60vh">
    <Loader aria-label="Loading the page" />
  </Center>
)

export const router = createBrowserRouter(
  [{ errorElement: <PageFailed />, hydrateFallbackElement: loading, children: routes }],
  { basename: '/console' },
)
