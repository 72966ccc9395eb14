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

const routes: RouteObject[] = [
  { path: 'sign-in', element: <SignInPage /> },
  {
    element: <Frame />,
    errorElement: <PageFailed />,
    children: [
      { index: true, element: <Navigate to="/systems" replace /> },
      { path: 'systems', element: <SystemsPage /> },
      {
        path: 'systems/:systemKey',
        element: <SystemFrame />,
        errorElement: <PageFailed />,
        children: [codeRoutes, dataRoutes],
      },
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
