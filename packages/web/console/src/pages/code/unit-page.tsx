/** One service or library: loads it, and shows the workbench on it. */
import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { type Kind, type UnitPlace, unitQuery } from './code-api.ts'
import { Workbench } from './workbench.tsx'

/** Characters from which on code is not read again every few seconds. */
const largeCode = 200_000

export function UnitPage() {
  const key = useSystemKey()
  const { kind, name } = useParams()
  const place: UnitPlace = { key, kind: kind === 'library' ? 'library' : ('service' as Kind), name: name ?? '' }
  const unit = useQuery({
    ...unitQuery(place),
    refetchInterval: ({ state }) => ((state.data?.code.length ?? 0) > largeCode ? 60_000 : 10_000),
  })
  if (unit.data !== undefined) return <Workbench key={`${kind}/${name}`} place={place} current={unit.data} />
  if (unit.isError) return <Failure error={unit.error} title={`${name} cannot be opened`} />
  return <Loader aria-label={`Loading ${name}`} />
}
