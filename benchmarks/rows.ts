/** The rows that both sides hold: the same columns, values and number. */

export type Reading = { site: string; name: string; level: number }

export const readings: readonly Reading[] = Array.from({ length: 1000 }, (_, n) => ({
  site: `site-${n % 10}`,
  name: `sensor number ${n} of the plant`,
  level: n * 7,
}))

export const sites: readonly string[] = [...new Set(readings.map(({ site }) => site))]

/** How many rows a site has, which is one page of the filter. */
export const perSite: number = readings.length / sites.length

export const newReading: Reading = { site: 'site-3', name: 'one sensor more in the plant', level: 12 }
