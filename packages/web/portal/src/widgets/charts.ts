/** Charts and gauges, drawn by a library that comes only where a portal has one. */
import { BarChart, GaugeChart, LineChart, PieChart, ScatterChart } from 'echarts/charts'
import { DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { element as make } from '../frame/dom.ts'
import { axisChart, gaugeChart, type Options, pieChart, scatterChart } from './chart-options.ts'
import { dataSetting, emptyNote } from './shared.ts'
import type { WidgetContext, WidgetKind } from './widget.ts'

use([
  ...[BarChart, GaugeChart, LineChart, PieChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent],
  ...[TooltipComponent, CanvasRenderer],
])

type Draw = (context: WidgetContext, value: unknown) => Options

const chart = (draw: Draw, ...named: string[]): WidgetKind => ({
  drawn: true,
  show(context) {
    const { element, settings, read, whenGone, waiting } = context
    const place = make('div', { class: 'gh-canvas', attributes: { role: 'img', 'aria-label': 'Chart' } })
    const setting = dataSetting(settings, ...named)
    const note = emptyNote(waiting(setting) || 'No data yet')
    element.append(place, note)
    const drawing = init(place)
    const observer = new ResizeObserver(() => drawing.resize())
    observer.observe(place)
    whenGone(() => {
      observer.disconnect()
      drawing.dispose()
    })
    read(setting, (value) => {
      note.remove()
      drawing.setOption(draw(context, value), true)
    })
  },
})

export const lineChart = chart(({ style, colours }, value) => axisChart('line', style, value, colours), 'chartData')
export const barChart = chart(({ style, colours }, value) => axisChart('bar', style, value, colours), 'chartData')
export const pie = chart(({ style, colours }, value) => pieChart(style, value, colours), 'chartData', 'data')
export const scatter = chart(({ style, colours }, value) => scatterChart(style, value, colours), 'chartData', 'data')
export const speedometer = chart(
  ({ style, colours }, value) => gaugeChart('speedometer', style, value, colours),
  ...['value', 'speedVal', 'currentValue'],
)
export const radialGauge = chart(
  ({ style, colours }, value) => gaugeChart('radial', style, value, colours),
  ...['value', 'percent', 'currentValue'],
)
