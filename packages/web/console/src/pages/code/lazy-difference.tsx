/** Two texts beside each other, loaded when they are first compared. */
import { Loader } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { DifferenceProps } from './difference.tsx'

const Loaded = lazy(async () => ({ default: (await import('./difference.tsx')).Difference }))

export function LazyDifference(props: DifferenceProps) {
  return (
    <Suspense fallback={<Loader aria-label="Comparing" />}>
      <Loaded {...props} />
    </Suspense>
  )
}
