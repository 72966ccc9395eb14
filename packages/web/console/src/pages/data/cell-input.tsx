/** The box in a cell that is being written. Enter and Tab write, Escape leaves it as it was. */
import { ActionIcon } from '@mantine/core'
import { IconMaximize } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import classes from './data.module.css'
import type { Cells, Editing } from './use-cells.ts'
import { editable, example } from './values.ts'

export function CellInput({
  editing,
  cells,
  onNext,
}: {
  editing: Editing
  cells: Cells
  onNext: (step: number) => void
}) {
  const { column, before } = editing
  const [text, setText] = useState(editing.text ?? editable(column.ColumnType, before))
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => {
    box.current?.focus()
    if (editing.text === undefined) box.current?.select()
  }, [editing])

  async function onKeyDown(event: KeyboardEvent): Promise<void> {
    event.stopPropagation()
    if (event.key === 'Escape') return cells.cancel()
    if (event.key !== 'Enter' && event.key !== 'Tab') return
    event.preventDefault()
    const { key, shiftKey } = event
    await cells.write(text)
    if (key === 'Tab') onNext(shiftKey ? -1 : 1)
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps the grid from taking what is pressed here
    <div className={classes.input} onKeyDown={onKeyDown}>
      <input
        ref={box}
        aria-label={`${column.ColumnName} of row ${editing.index + 1}`}
        aria-invalid={cells.wrong !== ''}
        placeholder={example[column.ColumnType]}
        readOnly={cells.writing}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={(event) => {
          if (!event.currentTarget.parentElement?.contains(event.relatedTarget)) void cells.write(text)
        }}
      />
      <ActionIcon
        variant="default"
        h="100%"
        aria-label="Write in a dialog"
        title="More room, or no value"
        onClick={() => cells.widen(text)}
      >
        <IconMaximize size={14} />
      </ActionIcon>
      {cells.wrong !== '' && (
        <div role="alert" className={classes.wrong}>
          {cells.wrong}
        </div>
      )}
    </div>
  )
}
