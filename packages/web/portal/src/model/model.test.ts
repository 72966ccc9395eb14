/** Reading what packages have, and what nobody should have put there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { axisChart, gaugeChart, pieChart, scatterChart } from '../widgets/chart-options.ts'
import type { Fields } from './fields.ts'
import { readModel } from './model.ts'
import { findPage } from './pages.ts'
import { graphColours, paneColours, portalColours, styleOf } from './theme.ts'

const keys = [
  'pages',
  'panes',
  'widgets',
  'datasources',
  'theme',
  'cols',
  'paneLayouts',
  'headerWidgetLayout',
  'userModals',
]

test('whatever stands in a config, there is a portal with a first page', () => {
  const config = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 })))
  fc.assert(
    fc.property(config, (value) => {
      const model = readModel({ name: 'any', config: value })
      assert.ok(findPage(model.pages, '/') !== undefined)
      for (const one of [portalColours(model.theme), paneColours(model.theme, 'constructor')]) {
        for (const colour of Object.values(one)) assert.match(colour, /^[#\w(][\w\s.,%/()#-]*$/)
      }
      for (const colour of graphColours(model.theme)) assert.equal(typeof colour, 'string')
      for (const { type, props } of model.widgets) styleOf(model.theme, type, props)
    }),
    { numRuns: 500 },
  )
})

test('whatever comes as data, charts and gauges have options for it', () => {
  const settings = fc.dictionary(
    fc.constantFrom('lines', 'bars', 'cells', 'min', 'max', 'xAxisDataKey', 'nameKey', 'dataKey', 'label'),
    fc.jsonValue({ maxDepth: 3 }),
  )
  fc.assert(
    fc.property(settings as fc.Arbitrary<Fields>, fc.jsonValue(), (style, value) => {
      for (const made of [
        axisChart('line', style, value, ['#000']),
        axisChart('bar', style, value, ['#000']),
        pieChart(style, value, ['#000']),
        scatterChart(style, value, ['#000']),
        gaugeChart('speedometer', style, value, ['#000']),
        gaugeChart('radial', style, value, ['#000']),
      ]) {
        assert.ok(Array.isArray(made.series))
      }
    }),
    { numRuns: 500 },
  )
})

test('a portal of the old type becomes one page with its panes, widgets and datasources', () => {
  const model = readModel({
    name: 'old',
    config: {
      columns: 4,
      panes: [
        {
          title: 'Pumps',
          col: { 3: 1, 4: 2 },
          row: { 4: 1 },
          col_width: 2,
          tabs: [
            {
              title: 'One',
              widgets: [{ type: 'gauge', settings: { value: 'datasources["rate"].latestData()', max_value: 9 } }],
            },
          ],
        },
        {
          title: '',
          tabs: [
            {
              widgets: [
                { type: 'html', settings: { html: '<b>x</b>' } },
                { type: 'picture', settings: {} },
              ],
            },
          ],
        },
      ],
      datasources: [{ name: 'rate', type: 'clearblade_execute_code', settings: { service_name: 'poll', refresh: 5 } }],
    },
  })
  assert.deepEqual(
    model.widgets.map(({ type }) => type),
    ['SPEEDOMETER_WIDGET', 'HTML_WIDGET_COMPONENT', 'PICTURE'],
  )
  assert.deepEqual(model.widgets[0]!.props.value, {
    dataType: 'CALCULATED_DATA_TYPE',
    value: 'return (datasources["rate"].latestData())',
  })
  assert.deepEqual(
    model.panes.map(({ title, headerHidden }) => [title, headerHidden]),
    [
      ['Pumps', false],
      ['', true],
    ],
  )
  assert.deepEqual(model.paneLayouts.get('Home')?.lg?.[0], { i: 'pane-0', x: 1, y: 0, w: 2, h: 2 })
  const [source] = model.datasources
  assert.deepEqual(
    [source?.type, source?.settings.code_name, source?.settings.refresh_interval],
    ['CB_CODE_SERVICE', 'poll', 5],
  )
})
