/** One page of rows as it travels, with the way to the pages beside it (rest-api.md §2.6). */
import type { Row } from '@gatehouse/contract/columns.ts'
import type { Query } from '@gatehouse/contract/query.ts'

/** `TOTAL` is the number of rows in `DATA`. `path` is the one that was asked, percent-encoded. */
export function pageShape(path: string, query: Query, { rows, more }: { rows: Row[]; more: boolean }) {
  const { pageNumber } = query
  return {
    DATA: rows,
    TOTAL: rows.length,
    CURRENTPAGE: pageNumber,
    NEXTPAGEURL: more ? pageUrl(path, query, pageNumber + 1) : null,
    PREVPAGEURL: pageNumber > 1 ? pageUrl(path, query, pageNumber - 1) : null,
  }
}

/** The Python SDK keeps what follows the last `/`, so the query must hold none: encodeURIComponent sees to that. */
const pageUrl = (path: string, query: Query, page: number): string =>
  `${path}?query=${encodeURIComponent(JSON.stringify(wireQuery(query, page)))}`

/** The query in the form of the wire, for another page. */
const wireQuery = (query: Query, page: number) => ({
  FILTERS: query.any.map((group) =>
    group.map(({ operator, column, value }) => ({ [operator]: [{ [column]: value }] })),
  ),
  SORT: query.sort.map(({ direction, column }) => (direction === 'asc' ? { ASC: column } : { DESC: column })),
  PAGESIZE: query.pageSize,
  PAGENUM: page,
  ...(query.columns !== undefined && { SELECTCOLUMNS: query.columns }),
  ...(query.groupBy.length > 0 && { GROUPBY: query.groupBy }),
})
