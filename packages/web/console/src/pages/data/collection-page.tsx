/** One collection: what can be done to it, and the grid of its rows. */
import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { CollectionView } from './collection-view.tsx'
import { collectionsQuery, columnsQuery } from './data-api.ts'

export function CollectionPage() {
  const key = useSystemKey()
  const { name } = useParams()
  const collections = useQuery(collectionsQuery(key))
  const collection = collections.data?.find((one) => one.name === name)
  const columns = useQuery({
    ...columnsQuery(collection?.collectionID ?? ''),
    enabled: collection !== undefined,
    refetchInterval: 15_000,
  })
  const error = collections.error ?? columns.error
  if (collection !== undefined && columns.data !== undefined) {
    return (
      <CollectionView key={collection.collectionID} systemKey={key} collection={collection} columns={columns.data} />
    )
  }
  if (error !== null) return <Failure error={error} title={`${name} cannot be opened`} />
  if (collections.data !== undefined && collection === undefined) {
    return (
      <Failure error={new Error('It may have been renamed or deleted.')} title={`There is no collection ${name}`} />
    )
  }
  return <Loader aria-label={`Loading ${name}`} />
}
