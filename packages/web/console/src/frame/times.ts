/** Times as people read them, in their own time zone. */
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' })

export const atClock = (ms: number): string => clock.format(ms)
export const atDay = (ms: number): string => day.format(ms)

const spans: [number, string][] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** Milliseconds as "3 min" or "2 days": the largest unit of which there are two. */
export function roughly(ms: number): string {
  const [size, unit] = rough.find(([least]) => ms >= 2 * least) ?? ([1, 'ms'] as const)
  return `${Math.round(ms / size)} ${unit}`
}

const rough = [
  [86_400_000, 'days'],
  [3_600_000, 'hours'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** As "5 days" or "90 seconds": the largest unit that divides it. */
export function lasting(seconds: number): string {
  const [size, unit] = spans.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, 'second']
  const count = seconds / size
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
