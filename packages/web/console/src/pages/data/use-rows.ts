/** Rows of the part of a collection that is in sight, read page by page and again every few seconds. */
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQueries } from '@tanstack/react-query'
import { pageQuery, pageSize, type Row, type View } from './data-api.ts'

/** While somebody looks, what others change comes in so often. */
export const liveMs = 5_000

/** Pages that a fast scroll passes over are not asked for. */
const settleMs = 60

export type Rows = {
  /** undefined: not read yet. */
  at: (index: number) => Row | undefined
  error: Error | null
}

/** `from` and `to` are the first and the last row in sight. `still`: nothing comes in, since somebody is writing. */
export function useRows(id: string, view: View, from: number, to: number, still: boolean): Rows {
  const range = `${Math.floor(from / pageSize)} ${Math.floor(to / pageSize)}`
  const [settled] = useDebouncedValue(range, settleMs)
  const [first = 0, last = 0] = settled.split(' ').map(Number)
  const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at)
  const pages = useQueries({
    queries: numbers.map((page) => ({
      ...pageQuery(id, view, page),
      refetchInterval: still ? (false as const) : liveMs,
      refetchOnWindowFocus: !still,
      placeholderData: keepPreviousData,
    })),
  })
  return {
    at(index) {
      const page = pages[Math.floor(index / pageSize) - first]
      return page === undefined || page.isPlaceholderData ? undefined : page.data?.[index % pageSize]
    },
    error: pages.find(({ error }) => error !== null)?.error ?? null,
  }
}
