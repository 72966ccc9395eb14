/** Deletes a service or library, after asking. */
import { useQueryClient } from '@tanstack/react-query'
import { flushSync } from 'react-dom'
import { useNavigate } from 'react-router'
import { Confirm } from '../../frame/confirm.tsx'
import { tellDone } from '../../frame/tell.ts'
import { removeUnit, type UnitPlace } from './code-api.ts'

type Props = { opened: boolean; onClose: () => void; place: UnitPlace; onGone: () => void }

export function RemoveUnit({ opened, onClose, place, onGone }: Props) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${place.name}?`}
      label="Delete"
      action={() =>
        removeUnit(queries, place, () => {
          // Nothing is unsaved any more, so that nobody is asked whether to leave.
          flushSync(onGone)
          tellDone(`${place.name} is deleted`)
          return navigate(`/systems/${place.key}/code`)
        })
      }
    >
      The {place.kind} goes with all its versions{place.kind === 'service' ? ' and the rights to execute it' : ''}.
      Whatever calls or requires it fails from then on.
    </Confirm>
  )
}
