/** Place and size of what is chosen, in numbers: for whoever does not drag. */
import { NumberInput, SimpleGrid, Text } from '@mantine/core'
import type { Editor } from './editor.ts'
import { layoutsOf } from './editor.ts'
import { arrange, type Breakpoint, type Cols, type Grid, isPlacedAt, placesAt, writePlaces } from './model/places.ts'

type Props = { editor: Editor; grid: Grid; id: string; ids: string[]; at: Breakpoint; cols: Cols }

const boxes = [
  { key: 'x', label: 'Column', from: 1 },
  { key: 'y', label: 'Row', from: 1 },
  { key: 'w', label: 'Width', from: 0 },
  { key: 'h', label: 'Height', from: 0 },
] as const

export function PlaceFields({ editor, grid, id, ids, at, cols }: Props) {
  const layouts = layoutsOf(editor, grid)
  const places = placesAt(layouts, at, ids, cols)
  const own = places.find(({ i }) => i === id)
  if (own === undefined) return null
  return (
    <div>
      <Text size="sm" fw={600} component="div">
        Place at {at}
      </Text>
      <Text size="xs" c="dimmed" mb={4}>
        In {cols[at]} columns.{' '}
        {isPlacedAt(layouts, at) ? '' : 'Made of another width so far; what you change stands for this one.'}
      </Text>
      <SimpleGrid cols={4} spacing={6}>
        {boxes.map(({ key, label, from }) => (
          <NumberInput
            key={key}
            label={label}
            size="xs"
            min={1}
            allowDecimal={false}
            value={Math.round(own[key]) + from}
            onChange={(next) => {
              if (typeof next !== 'number' || next < 1) return
              const made = arrange(places, { ...own, [key]: next - from }, cols[at])
              editor.edit((config) => writePlaces(config, grid, at, made))
            }}
          />
        ))}
      </SimpleGrid>
    </div>
  )
}
