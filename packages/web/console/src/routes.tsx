/** Every page of the console and its address. Pages are loaded when they are first opened. */
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router'
import { Frame } from './frame/frame.tsx'
import { PageFailed } from './frame/page-failed.tsx'
import { SystemFrame } from './frame/system-frame.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { SystemsPage } from './pages/systems.tsx'

const routes: RouteObject[] = [
  { path: 'sign-in', element: <SignInPage /> },
  {
    element: <Frame />,
    errorElement: <PageFailed />,
    children: [
      { index: true, element: <Navigate to="/systems" replace /> },
      { path: 'systems', element: <SystemsPage /> },
      { path: 'systems/:systemKey', element: <SystemFrame />, errorElement: <PageFailed />, children: [] },
    ],
  },
]

export const router = createBrowserRouter([{ errorElement: <PageFailed />, children: routes }], {
  basename: '/console',
})
