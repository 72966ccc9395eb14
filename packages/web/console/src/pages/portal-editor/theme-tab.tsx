/** Colours of a portal: of its page, header, panes and graphs, with a sample of what they make. */
import { Fieldset, SimpleGrid, Stack, Text } from '@mantine/core'
import { at } from '../../../../portal/src/model/fields.ts'
import { graphColours, paneColours, portalColours } from '../../../../portal/src/model/theme.ts'
import { ColourField } from './colour-field.tsx'
import type { Editor } from './editor.ts'
import { setAt, text } from './model/config.ts'
import classes from './portal-editor.module.css'

type Colour = { way: string; label: string }

const pane = (name: string): Colour[] => [
  { way: `items.main.panes.${name}.body.backgroundColor`, label: 'Background' },
  { way: `items.main.panes.${name}.header.backgroundColor`, label: 'Header' },
  { way: `items.main.panes.${name}.header.fontColor`, label: 'Text of the header' },
  { way: `items.main.panes.${name}.tabs.backgroundColor`, label: 'Tabs' },
  { way: `items.main.panes.${name}.tabs.fontColor`, label: 'Text of tabs' },
  { way: `items.main.panes.${name}.tabs.activeTabUnderlineColor`, label: 'Line under the open tab' },
]

const groups: { title: string; colours: Colour[] }[] = [
  {
    title: 'Portal',
    colours: [
      { way: 'items.main.portal.styles.backgroundColor', label: 'Background' },
      { way: 'items.main.header.styles.backgroundColor', label: 'Header' },
      { way: 'items.main.header.burgerBars.fontColor', label: 'Text of the header' },
      { way: 'items.main.panes.flyout.body.backgroundColor', label: 'Flyout' },
    ],
  },
  { title: 'Panes, primary', colours: pane('primary') },
  { title: 'Panes, secondary', colours: pane('secondary') },
  {
    title: 'Graphs',
    colours: ['one', 'two', 'three', 'four'].map((name, index) => ({
      way: `graph.${name}`,
      label: `Colour ${index + 1}`,
    })),
  },
]

export function ThemeTab({ editor }: { editor: Editor }) {
  const { model, edit } = editor
  return (
    <div className={classes.two}>
      <Sample editor={editor} />
      <Stack>
        {groups.map(({ title, colours }) => (
          <Fieldset key={title} legend={title}>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              {colours.map(({ way, label }) => (
                <ColourField
                  key={way}
                  label={label}
                  empty="The usual one"
                  value={text(at(model.theme, way))}
                  onChange={(next) => edit((config) => setAt(config, `theme.${way}`, next), way)}
                />
              ))}
            </SimpleGrid>
          </Fieldset>
        ))}
      </Stack>
    </div>
  )
}

function Sample({ editor: { model } }: { editor: Editor }) {
  const portal = portalColours(model.theme)
  return (
    <div>
      <Text size="sm" fw={600} mb={4} component="div">
        Sample
      </Text>
      <div className={classes.sample} style={{ background: portal.background }} aria-hidden>
        <div style={{ background: portal.header, color: portal.headerText, padding: '8px 12px' }}>{model.name}</div>
        {['primary', 'secondary'].map((name) => {
          const colours = paneColours(model.theme, name)
          return (
            <div key={name} style={{ margin: 12, background: colours.body, borderRadius: 4, overflow: 'hidden' }}>
              <div style={{ background: colours.header, color: colours.headerText, padding: '4px 10px' }}>{name}</div>
              <div style={{ background: colours.tabs, color: colours.tabText, padding: '2px 10px', fontSize: 13 }}>
                <span style={{ borderBottom: `3px solid ${colours.line}` }}>Tab</span>
              </div>
              <div style={{ display: 'flex', gap: 6, padding: 10, alignItems: 'flex-end', height: 64 }}>
                {graphColours(model.theme).map((colour, index) => (
                  <span
                    // biome-ignore lint/suspicious/noArrayIndexKey: two graphs may have one colour
                    key={index}
                    style={{ background: colour, width: 18, height: 18 + index * 8 }}
                  />
                ))}
              </div>
            </div>
          )
        })}
      </div>
    </div>
  )
}
