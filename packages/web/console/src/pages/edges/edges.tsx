/** Edges: each as it is at this moment, making one, its setup, and which of them has what. */
import { Button, Loader, Modal, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlus, IconServer } from '@tabler/icons-react'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { useFollowedThings } from '../../frame/follow.ts'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { Conflicts } from './conflicts.tsx'
import { EdgeCard } from './edge-card.tsx'
import { EdgeReview } from './edge-review.tsx'
import { EdgeSessions } from './edge-sessions.tsx'
import { LoseEdge } from './lose-edge.tsx'
import { NewEdge, type Token } from './new-edge.tsx'
import { Requests } from './requests.tsx'
import { SetupInstructions } from './setup.tsx'
import type { Edge } from './shapes.ts'
import { WhatIsWhere } from './what-is-where.tsx'

export function EdgesPage() {
  const key = useSystemKey()
  const { things, error } = useFollowedThings<Edge>(key, 'edges')
  const [adding, { open, close }] = useDisclosure(false)
  // A token is shown once: what was made stands here until it is closed.
  const [setUp, setSetUp] = useState<{ name: string; token?: string }>()
  const [lost, setLost] = useState<string>()
  const [sessionsOf, setSessionsOf] = useState<string>()
  const [reviewed, setReviewed] = useState<string>()
  const edges = things && [...things.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  const show = (made: Token): void => {
    close()
    setSetUp(made)
  }
  return (
    <Stack>
      <PageHead
        title="Edges"
        text="Nodes at your sites. Each holds what deployments give it, and signs people in with the link cut."
        actions={
          <Button leftSection={<IconPlus size={16} />} onClick={open}>
            New
          </Button>
        }
      />
      {error !== undefined && <Failure error={error} title="How they are now is not known; asking again" />}
      {edges === undefined && error === undefined && <Loader aria-label="Loading the edges" />}
      {edges?.length === 0 && (
        <NothingYet icon={IconServer} title="This system has no edge">
          Press New: you are given a token, and the command that starts the edge at its site.
        </NothingYet>
      )}
      {edges !== undefined && edges.length > 0 && (
        <Stack role="list" aria-label="Edges" gap="sm">
          {edges.map((edge) => (
            <EdgeCard
              key={edge.name}
              edge={edge}
              onSetUp={() => setSetUp({ name: edge.name })}
              onToken={setSetUp}
              onReview={() => setReviewed(edge.name)}
              onLost={() => setLost(edge.name)}
              onSessions={() => setSessionsOf(edge.name)}
            />
          ))}
        </Stack>
      )}
      <Requests />
      {edges !== undefined && edges.length > 0 && <WhatIsWhere edges={edges} />}
      <Conflicts />
      <EdgeSessions name={sessionsOf} onClose={() => setSessionsOf(undefined)} />
      <EdgeReview name={reviewed} onClose={() => setReviewed(undefined)} />
      <LoseEdge name={lost} onClose={() => setLost(undefined)} />
      <Modal opened={adding} onClose={close} title="New edge">
        <NewEdge onMade={show} />
      </Modal>
      <Modal
        opened={setUp !== undefined}
        onClose={() => setSetUp(undefined)}
        closeOnClickOutside={setUp?.token === undefined}
        closeOnEscape={setUp?.token === undefined}
        title={`Setup Instructions of ${setUp?.name}`}
        size="lg"
      >
        {setUp !== undefined && <SetupInstructions {...setUp} onDone={() => setSetUp(undefined)} />}
      </Modal>
    </Stack>
  )
}
