/**
 * Charts and gauges as options of the chart library, made of a widget's settings and data. Settings of line charts are those
 * of the format (`chartData`, `lines`, `xAxisDataKey`, …); those of the others, of which only names are known, are read in
 * the same way.
 */
import { type Fields, fields, flag, isObject, list, number, shown, text } from '../model/fields.ts'
import { coloursIn, rowsIn } from './shared.ts'

export type Options = Record<string, unknown>

type Series = { key: string; smooth: boolean; stack: string | undefined }

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))

/** Those declared, or every column of the rows that holds numbers. */
function seriesIn(declared: unknown, rows: readonly Fields[], xKey: string): Series[] {
  const own = list(declared)
    .filter(isObject)
    .map((one) => ({
      key: text(one.dataKey),
      smooth: text(one.type) === 'monotone' || text(one.type) === 'basis',
      stack: text(one.stackId) || undefined,
    }))
    .filter(({ key }) => key !== '')
  if (own.length > 0) return own
  const first = rows[0] ?? {}
  return Object.keys(first)
    .filter((key) => key !== xKey && isNumeric(first[key]))
    .map((key) => ({ key, smooth: false, stack: undefined }))
}

const xKeyOf = (settings: Fields, rows: readonly Fields[]): string => {
  const declared = text(settings.xAxisDataKey)
  if (declared !== '') return declared
  const keys = Object.keys(rows[0] ?? {})
  return keys.find((key) => /^(?:x|time|timestamp|date|name|label)$/i.test(key)) ?? ''
}

/** Line and bar charts. */
export function axisChart(sort: 'line' | 'bar', style: Fields, value: unknown, colours: string[]): Options {
  const rows = rowsIn(value)
  const xKey = xKeyOf(style, rows)
  const series = seriesIn(style.lines ?? style.bars, rows, xKey)
  const grid = flag(style.showGrid, true)
  const legend = flag(style.showLegend, true) && series.length > 0
  const brush = flag(style.showBrush)
  return {
    color: coloursIn(style.lineColors ?? style.barColors, colours),
    animation: false,
    tooltip: { show: flag(style.showTooltip, true), trigger: 'axis' },
    legend: { show: legend, bottom: 0, textStyle: { color: text(style.legendColor, '#000000') } },
    grid: { left: 48, right: 24, top: 24, bottom: (legend ? 40 : 16) + (brush ? 40 : 0) + 20 },
    xAxis: {
      type: 'category',
      data: rows.map((row, index) => (xKey === '' ? String(index + 1) : shown(row[xKey]))),
      splitLine: { show: grid && flag(style.showVerticalGrid) },
    },
    yAxis: { type: 'value', scale: sort === 'line', splitLine: { show: grid && flag(style.showHorizontalGrid, true) } },
    ...(brush && { dataZoom: [{ type: 'slider', bottom: legend ? 28 : 4, height: 20 }] }),
    series: series.map(({ key, smooth, stack }) => ({
      type: sort,
      name: key,
      smooth,
      showSymbol: flag(style.showDots, true),
      ...(stack !== undefined && { stack }),
      data: rows.map((row) => (isNumeric(row[key]) ? Number(row[key]) : null)),
    })),
  }
}

export function pieChart(style: Fields, value: unknown, colours: string[]): Options {
  const rows = Array.isArray(value) || rowsIn(value).length > 0 ? rowsIn(value) : asRows(value)
  const nameKey = text(style.nameKey, 'name')
  const first = rows[0] ?? {}
  const dataKey =
    text(style.dataKey) || ('value' in first ? 'value' : Object.keys(first).find((key) => isNumeric(first[key])))
  return {
    color: coloursIn(style.cells, colours),
    animation: false,
    tooltip: { show: flag(style.showTooltip, true) },
    legend: { show: flag(style.showLegend, true), bottom: 0 },
    series: [
      {
        type: 'pie',
        radius: [flag(style.isDoughnut) ? '35%' : 0, '65%'],
        center: ['50%', '45%'],
        data: rows.map((row, index) => ({
          name: shown(row[nameKey] ?? row.label ?? index + 1),
          value: number(row[dataKey ?? 'value'], 0),
        })),
      },
    ],
  }
}

/** `{name: number}` as rows. */
const asRows = (value: unknown): Fields[] =>
  Object.entries(fields(value)).map(([name, held]) => ({ name, value: held }))

export function scatterChart(style: Fields, value: unknown, colours: string[]): Options {
  const sets = isObject(value) && rowsIn(value).length === 0 ? Object.entries(value) : [['', value] as const]
  const xKey = text(style.xAxisDataKey, 'x')
  const yKey = text(style.yAxisDataKey, 'y')
  return {
    color: coloursIn(style.scatterColors, colours),
    animation: false,
    tooltip: { show: flag(style.showTooltip, true) },
    grid: { left: 48, right: 24, top: 24, bottom: 36 },
    xAxis: { type: 'value', scale: true },
    yAxis: { type: 'value', scale: true },
    series: sets.map(([name, held]) => ({
      type: 'scatter',
      name,
      data: (Array.isArray(held) ? held : rowsIn(held)).map((one: unknown) =>
        Array.isArray(one) ? one.slice(0, 2) : [number(fields(one)[xKey], 0), number(fields(one)[yKey], 0)],
      ),
    })),
  }
}

/** A gauge with an arrow and sections, or one whose bar grows. */
export function gaugeChart(sort: 'speedometer' | 'radial', style: Fields, value: unknown, colours: string[]): Options {
  const held = isObject(value) ? (value.value ?? value.VALUE ?? value.data) : value
  const min = number(style.min ?? style.minValue ?? style.lowRange, 0)
  const given = number(style.max ?? style.maxValue ?? style.highRange, 100)
  const max = given > min ? given : min + 1
  const at = number(held, Number.NaN)
  const sections = coloursIn(style.sectionColors, colours)
  const label = text(style.label) || text(style.title) || text(style.units)
  const band =
    sort === 'speedometer'
      ? sections.map((colour, index): [number, string] => [(index + 1) / sections.length, colour])
      : [[1, text(style.backgroundColor, '#c2c2c2')]]
  return {
    animation: false,
    series: [
      {
        type: 'gauge',
        min,
        max,
        radius: sort === 'speedometer' ? '90%' : '80%',
        center: ['50%', sort === 'speedometer' ? '58%' : '50%'],
        startAngle: sort === 'speedometer' ? 200 : 90,
        endAngle: sort === 'speedometer' ? -20 : -270,
        axisLine: { lineStyle: { width: 16, color: band } },
        progress: { show: sort === 'radial', width: 16, itemStyle: { color: text(style.progressColor, colours[0]) } },
        pointer: { show: sort === 'speedometer', itemStyle: { color: text(style.arrowColor, '#000000') } },
        axisTick: { show: false },
        splitLine: { show: sort === 'speedometer', length: 16, lineStyle: { color: '#ffffff' } },
        axisLabel: { show: sort === 'speedometer', distance: 22, fontSize: 10 },
        title: { offsetCenter: [0, sort === 'speedometer' ? '70%' : '30%'], fontSize: 13 },
        detail: { offsetCenter: [0, sort === 'speedometer' ? '45%' : '0%'], fontSize: 20 },
        data: Number.isNaN(at) ? [] : [{ value: Math.round(at * 100) / 100, name: label }],
      },
    ],
  }
}
