/** The parts of a system, in the order in which they stand beside each other. */
import { type Icon, IconCode, IconTable } from '@tabler/icons-react'

export type Place = { path: string; label: string; icon: Icon }

export const places: Place[] = [
  { path: 'code', label: 'Code', icon: IconCode },
  { path: 'data', label: 'Data', icon: IconTable },
]
