/** The live picture of which edge has what: assets beside edges, each with a word and not a colour alone. */
import { Anchor, Group, Paper, Table, Text, Title } from '@mantine/core'
import {
  type Icon,
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconHistory,
  IconMinus,
  IconTransfer,
} from '@tabler/icons-react'
import { Link } from 'react-router'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { type Asset, type AssetState, assetName, type Edge, kindWords } from './shapes.ts'

const signs: Record<AssetState, { icon: Icon; word: string; color: string; text: string }> = {
  there: { icon: IconCheck, word: 'there', color: 'teal', text: 'as it is here' },
  coming: { icon: IconTransfer, word: 'on its way', color: 'blue', text: 'being sent' },
  behind: { icon: IconHistory, word: 'as it was', color: 'orange', text: 'the edge is away' },
  missing: { icon: IconClock, word: 'not yet', color: 'gray', text: 'never brought there as a whole' },
  'set aside': {
    icon: IconAlertTriangle,
    word: 'in part',
    color: 'red',
    text: 'some of it could not be written there',
  },
  stopped: { icon: IconAlertTriangle, word: 'stopped', color: 'red', text: 'could not be written there' },
}

const keyOf = ({ asset_class: kind, asset_id: id }: Asset): string => JSON.stringify([kind, id])

export function WhatIsWhere({ edges }: { edges: Edge[] }) {
  const key = useSystemKey()
  const assets = [...new Map(edges.flatMap((edge) => edge.assets.map((one) => [keyOf(one), one] as const)))]
  const held = new Map(edges.map((edge) => [edge.name, new Map(edge.assets.map((one) => [keyOf(one), one.state]))]))
  return (
    <Paper withBorder p="md" component="section" aria-label="What is where">
      <Title order={2} size="h4">
        What is where
      </Title>
      {assets.length === 0 ? (
        <Text size="sm" c="dimmed" mt="xs">
          No deployment gives anything to an edge yet.{' '}
          <Anchor component={Link} to={`/systems/${key}/deployments`} size="sm" underline="always">
            Deployments
          </Anchor>
        </Text>
      ) : (
        <>
          <Group gap="md" mt={4} mb="xs">
            {Object.values(signs).map(({ icon: Sign, word, color, text }) => (
              <Group key={word} gap={4} wrap="nowrap">
                <Sign size={14} color={shade(color)} aria-hidden />
                <Text size="xs" c="dimmed">
                  {word}: {text}
                </Text>
              </Group>
            ))}
          </Group>
          <Table.ScrollContainer minWidth={180 + edges.length * 120}>
            <Table aria-label="Assets at edges" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w={280}>Asset</Table.Th>
                  {edges.map(({ name }) => (
                    <Table.Th key={name}>{name}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {assets.map(([id, asset]) => (
                  <Table.Tr key={id}>
                    <Table.Th scope="row" fw={500}>
                      {assetName(asset)}
                      {asset.asset_class !== 'sign_in' && (
                        <Text size="xs" c="dimmed">
                          {kindWords(asset.asset_class)}
                        </Text>
                      )}
                    </Table.Th>
                    {edges.map(({ name }) => (
                      <Table.Td key={name}>
                        <State state={held.get(name)?.get(id)} />
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
      )}
    </Paper>
  )
}

const shade = (color: string): string => `var(--mantine-color-${color}-text)`

function State({ state }: { state: AssetState | undefined }) {
  if (state === undefined) return <IconMinus size={14} color="var(--mantine-color-dimmed)" aria-label="not deployed" />
  const { icon: Sign, word, color } = signs[state]
  return (
    <Group gap={4} wrap="nowrap">
      <Sign size={16} color={shade(color)} aria-hidden />
      <Text size="sm">{word}</Text>
    </Group>
  )
}
