/** Installing a package: Fetch it, look at what it is and asks for, say where it goes, Import. */
import { Anchor, Divider, Stack } from '@mantine/core'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { PageHead } from '../../frame/page-head.tsx'
import { FetchForm } from './fetch-form.tsx'
import { ImportForm } from './import-form.tsx'
import { Imported } from './imported.tsx'
import { ReviewOf } from './review.tsx'
import type { Fetched, Report, SourceBody } from './shapes.ts'

/** A package that was fetched, and the assets of it that are wanted (`kind/name`). */
export type Looked = { source: SourceBody; fetched: Fetched }

export function InstallPage() {
  const [query] = useSearchParams()
  const [looked, setLooked] = useState<Looked>()
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [report, setReport] = useState<Report>()
  if (report !== undefined && looked !== undefined)
    return <Imported report={report} html={looked.fetched.readme_html} />
  return (
    <Stack>
      <Anchor component={Link} to="/packages" size="sm">
        All packages
      </Anchor>
      <PageHead
        title="Install a package"
        text="Fetching changes nothing, and nothing of the package runs. You see what is in it before it is imported."
      />
      <FetchForm
        url={query.get('url') ?? ''}
        onFetched={(next) => {
          setLooked(next)
          setLeft(new Set())
        }}
      />
      {looked !== undefined && (
        <Stack key={looked.fetched.contentHash}>
          <Divider />
          <ReviewOf fetched={looked.fetched} left={left} onLeft={setLeft} />
          <Divider />
          <ImportForm looked={looked} left={left} into={query.get('into') ?? undefined} onImported={setReport} />
        </Stack>
      )}
    </Stack>
  )
}
