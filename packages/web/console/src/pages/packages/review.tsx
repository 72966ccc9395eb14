/** What a fetched package is and asks for, for a person to judge before anything changes. */
import { Alert, Badge, Checkbox, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Mono } from '../../frame/copy.tsx'
import { Powers } from './powers.tsx'
import { byKind, type Fetched, kindWords, type Named } from './shapes.ts'

export const assetKey = ({ kind, name }: Named): string => `${kind}/${name}`

type Props = { fetched: Fetched; left: ReadonlySet<string>; onLeft: (left: ReadonlySet<string>) => void }

export function ReviewOf({ fetched, left, onLeft }: Props) {
  const { name, source, assets, notes, review } = fetched
  const warnings = notes.filter(({ level }) => level === 'warning')
  const rest = notes.filter(({ level }) => level !== 'warning')
  return (
    <Stack component="section" aria-label={`Review of ${name}`}>
      <div>
        <Title order={2} size="h3">
          {name}
        </Title>
        <Text size="sm" c="dimmed">
          From <Mono>{source.address || 'an uploaded file'}</Mono>
          {source.commit !== undefined && (
            <>
              , commit <Mono>{source.commit.slice(0, 12)}</Mono>
            </>
          )}
        </Text>
      </div>
      {warnings.length > 0 && <Notes color="yellow" title="Mind this" notes={warnings.map(({ message }) => message)} />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Assets assets={assets} left={left} onLeft={onLeft} />
        <Powers review={review} />
      </SimpleGrid>
      {rest.length > 0 && <Notes color="gray" title="Also said" notes={rest.map(({ message }) => message)} />}
    </Stack>
  )
}

function Notes({ color, title, notes }: { color: string; title: string; notes: string[] }) {
  return (
    <Alert color={color} title={title}>
      <Stack gap={2}>
        {notes.slice(0, 40).map((text) => (
          <Text key={text} size="sm">
            {text}
          </Text>
        ))}
        {notes.length > 40 && <Text size="sm">And {notes.length - 40} more.</Text>}
      </Stack>
    </Alert>
  )
}

export function Part({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p="md" style={{ alignSelf: 'start' }} miw={0}>
      <Title order={3} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  )
}

type AssetsProps = { assets: Named[]; left: ReadonlySet<string>; onLeft: (left: ReadonlySet<string>) => void }

function Assets({ assets, left, onLeft }: AssetsProps) {
  const toggle = (some: Named[], take: boolean): void => {
    const next = new Set(left)
    for (const asset of some) take ? next.delete(assetKey(asset)) : next.add(assetKey(asset))
    onLeft(next)
  }
  return (
    <Part title={`What is in it: ${assets.length} assets`}>
      <Stack gap="md">
        {byKind(assets).map(([kind, ofKind]) => {
          const taken = ofKind.filter((one) => !left.has(assetKey(one))).length
          return (
            <Stack key={kind} gap={6}>
              <Group gap="xs">
                <Checkbox
                  label={kindWords(kind)}
                  styles={{ label: { fontWeight: 600 } }}
                  checked={taken === ofKind.length}
                  indeterminate={taken > 0 && taken < ofKind.length}
                  onChange={(event) => toggle(ofKind, event.currentTarget.checked)}
                />
                <Badge variant="light" color="gray">
                  {ofKind.length}
                </Badge>
              </Group>
              <Stack gap={4} pl="xl" mah={320} style={{ overflowY: 'auto' }}>
                {ofKind.map((one) => (
                  <Checkbox
                    key={one.name}
                    size="xs"
                    label={one.name}
                    checked={!left.has(assetKey(one))}
                    onChange={(event) => toggle([one], event.currentTarget.checked)}
                  />
                ))}
              </Stack>
            </Stack>
          )
        })}
      </Stack>
    </Part>
  )
}
