/** Deletes every row of a collection, once its name was typed. */
import { Confirm } from '../../frame/confirm.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Collection, deleteAllRows } from './data-api.ts'

type Props = { opened: boolean; onClose: () => void; collection: Collection; onDone: () => unknown }

export function DeleteAll({ opened, onClose, collection, onDone }: Props) {
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Delete all rows?"
      label="Delete All"
      typed={collection.name}
      action={async () => {
        const { count } = await deleteAllRows(collection.collectionID)
        await onDone()
        tellDone(`${count.toLocaleString()} rows are deleted`)
      }}
    >
      Every row of {collection.name} goes for good, whatever the filter shows. The collection and its columns stay.
    </Confirm>
  )
}
