/** In place of a page that could not be shown: the rest of the console stays usable. */
import { Alert, Button, Stack } from '@mantine/core'
import { isRouteErrorResponse, Link, useRouteError } from 'react-router'

export function PageFailed() {
  const error = useRouteError()
  const nothing = isRouteErrorResponse(error) && error.status === 404
  return (
    <Stack p="md" align="flex-start">
      <Alert
        color={nothing ? 'gray' : 'red'}
        title={nothing ? 'There is no such page' : 'This page could not be shown'}
      >
        {nothing ? 'The address may be old, or mistyped.' : error instanceof Error ? error.message : 'Reload the page.'}
      </Alert>
      <Button component={Link} to="/systems" variant="light">
        To the systems
      </Button>
    </Stack>
  )
}
