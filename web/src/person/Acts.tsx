// What can be done for one person, each act a small form: consent, randomisation, the end of participation, what went otherwise.
import { Button, Group, Menu, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useMay, useSession } from '../session/session';
import type { Row } from '../shared/api';
import { Act } from '../shared/Dialog';
import { Failure } from '../shared/states';
import { type ConsentStage, get, part, type Person, post, put, remove } from '../shared/trial';
import { studyIn, useProtocol } from '../shared/useSites';
import { dateOf } from '../shared/when';
import { isRow, said } from '../shared/format';

export function useRefresh(subject: string) {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ predicate: (q) => ['people', 'today', 'safety', 'quality', 'queries'].includes(String(q.queryKey[0])) || (q.queryKey[0] === 'person' && q.queryKey[1] === subject) });
}

/** The consents the protocol asks for, given or not. */
export const consentsOf = (person: Person) => person.consents.filter(isRow) as unknown as ConsentStage[];

function Consent({ person, done }: { person: Person; done: () => void }) {
  const { t, i18n } = useTranslation('trial');
  const { user, study } = useSession();
  const protocol = useProtocol();
  const consent = studyIn(protocol.data).consent;
  const languages = isRow(consent) && Array.isArray(consent.languages) ? consent.languages.map(String) : study?.languages ?? ['en'];
  const stages = consentsOf(person);
  const stage = stages.find((s) => !s.given) ?? stages.find((s) => s.renew) ?? stages[0];
  if (!stage) return null;
  const renewed = stage.given !== undefined;
  const name = stages.length > 1 ? `: ${said(stage.label, i18n.language)}` : '';
  return (
    <Act label={`${renewed ? t('person.consentAgain') : t('person.consent')}${name}`} variant={renewed ? 'default' : 'filled'} title={`${t('person.consent')}${name}`} text={t('person.consentText')} action={t('person.consentDo')} done={done}
      send={(v) => post(`/api/people/${part(person.subject)}/consent`, { kind: renewed ? 'renewed' : 'first', ...(stages.length > 1 ? { stage: stage.id } : {}), ...v })}
      fields={[
        { name: 'form_version', label: t('person.consentVersion'), required: true, initial: stage.form_version },
        { name: 'language', label: t('person.consentLanguage'), kind: 'choice', required: true, initial: languages[0] ?? 'en', options: languages.map((l) => ({ value: l, label: t(`language.${l}` as 'language.en', { defaultValue: l }) })) },
        { name: 'date', label: t('person.consentDate'), kind: 'date', required: true, initial: person.today },
        { name: 'taken_by', label: t('person.consentBy'), required: true, initial: user?.name ?? '' },
      ]} />
  );
}

function PersonalLink({ subject }: { subject: string }) {
  const { t } = useTranslation('trial');
  const [link, setLink] = useState<Row | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [opened, setOpened] = useState(false);
  const make = async () => {
    setError(null);
    try { setLink(await post(`/api/people/${part(subject)}/link`)); } catch (e) { setError(e); }
    setOpened(true);
  };
  const url = link ? new URL(String(link.url), location.origin).href : '';
  return (
    <>
      <Button variant="default" onClick={() => void make()}>{t('person.link')}</Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={t('person.link')} closeButtonProps={{ 'aria-label': t('dialog.close') }} transitionProps={{ duration: 0 }}>
        {error !== null ? <Failure error={error} /> : link && (
          <Stack gap="sm">
            <Text>{t('person.linkText')}</Text>
            {typeof link.qr_svg === 'string' && <img className="qr" width={220} height={220} alt={t('person.linkQr')} src={`data:image/svg+xml;utf8,${encodeURIComponent(link.qr_svg)}`} />}
            <code className="command" data-link>{url}</code>
            {typeof link.ends === 'string' && <Text c="dimmed">{t('person.linkEnds', { at: dateOf(link.ends) })}</Text>}
            <Group>
              <Button onClick={() => window.print()} variant="default">{t('person.linkPrint')}</Button>
              <Button variant="default" onClick={() => void remove(`/api/people/${part(subject)}/link`).then(() => setOpened(false), setError)}>{t('person.linkEnd')}</Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  );
}

function Identity({ subject }: { subject: string }) {
  const { t } = useTranslation('trial');
  const [held, setHeld] = useState<Row | null>(null);
  const [error, setError] = useState<unknown>(null);
  const fields = ['name', 'phone', 'address', 'birth_date', 'note'] as const;
  const [open, setOpen] = useState(0);
  const look = async () => {
    setError(null);
    try {
      const answer = await get<Row>(`/api/people/${part(subject)}/identity`);
      setHeld(isRow(answer.identity) ? answer.identity : answer);
      setOpen((n) => n + 1);
    } catch (e) { setError(e); }
  };
  return (
    <>
      {held === null ? <Button variant="default" onClick={() => void look()}>{t('person.identity')}</Button>
        : <Act key={open} label={t('person.identityChange')} title={t('person.identity')} text={t('person.identityText')} action={t('dialog.keep')} send={(v) => put(`/api/people/${part(subject)}/identity`, { identity: v }).then(() => v)} done={(v) => setHeld(v as Row)}
            fields={fields.map((f) => ({ name: f, label: t(`person.id_${f}`), initial: String(held[f] ?? '') }))} />}
      {held !== null && <Text component="span" className="identity">{[held.name, held.phone].filter(Boolean).map(String).join(' · ') || t('person.identityNone')}</Text>}
      {error !== null && <Failure error={error} />}
    </>
  );
}

export function Unblind({ subject, done }: { subject: string; done: () => void }) {
  const { t, i18n } = useTranslation('trial');
  const [arm, setArm] = useState<Row | null>(null);
  return (
    <>
      <Act label={t('person.unblind')} title={t('person.unblind')} text={t('person.unblindText')} action={t('person.unblindDo')} danger send={(v) => post(`/api/people/${part(subject)}/unblind`, v)}
        done={(answer) => { setArm(answer as Row); done(); }}
        fields={[{ name: 'reason', label: t('person.unblindReason'), kind: 'area', required: true }, { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true }]} />
      <Modal opened={arm !== null} onClose={() => setArm(null)} title={t('person.unblinded', { subject })} closeButtonProps={{ 'aria-label': t('dialog.close') }} transitionProps={{ duration: 0 }}>
        <p className="arm" data-arm>{said(isRow(arm?.arm) ? arm.arm.label : '', i18n.language)}</p>
        <Text>{t('person.unblindedText')}</Text>
      </Modal>
    </>
  );
}

export function Acts({ person }: { person: Person }) {
  const { t, i18n } = useTranslation('trial');
  const may = useMay();
  const [, go] = useLocation();
  const refresh = useRefresh(person.subject);
  const protocol = useProtocol();
  const at = `/api/people/${part(person.subject)}`;
  const can = may;
  const state = person.state;
  const early = ['screening', 'eligible', 'consented'].includes(state);
  const inTrial = ['randomised', 'consented', 'eligible', 'withdrawn', 'completed'].includes(state);
  const data = studyIn(protocol.data).data;
  const visits = person.timeline.map((v) => ({ value: v.id, label: said(v.label, i18n.language) + (v.occurrence ? ` ${v.occurrence}` : '') }));
  const words = (value: unknown, fallback: [string, string][]) => (isRow(value as Row) ? Object.entries(value as Row).map(([k, v]) => ({ value: k, label: said(v, i18n.language) })) : fallback.map(([k, l]) => ({ value: k, label: l })));
  const kinds = (isRow(data) && isRow(data.deviations) ? data.deviations : {}) as Row;
  return (
    <Group gap="xs" className="no-print" mb="md">
      {can('consent') && ['screening', 'eligible', 'consented', 'randomised'].includes(state) && <Consent person={person} done={refresh} />}
      {can('randomise') && early && <Button variant={consentsOf(person).every((c) => c.given) ? 'filled' : 'default'} onClick={() => go(`/people/${part(person.subject)}/randomise`)}>{t('person.randomise')}</Button>}
      {can('form.write') && inTrial && person.unscheduled.length > 0 && (
        <Menu position="bottom-start" transitionProps={{ duration: 0 }}>
          <Menu.Target><Button variant="default">{t('person.record')}</Button></Menu.Target>
          <Menu.Dropdown>{person.unscheduled.flatMap((u) => u.forms.map((f) => <Menu.Item key={`${u.visit}${f}`} onClick={() => go(`/people/${part(person.subject)}/${part(u.next)}/${part(f)}`)}>{said(u.label, i18n.language)}</Menu.Item>))}</Menu.Dropdown>
        </Menu>
      )}
      {can('people.add') && early && (
        <Act label={t('person.screenFailure')} title={t('person.screenFailure')} text={t('person.screenFailureText')} action={t('person.screenFailureDo')} danger done={refresh} send={(v) => post(`${at}/screen_failure`, v)}
          fields={[{ name: 'reason', label: t('person.screenReason'), kind: 'area', required: true }]} />
      )}
      {can('deviation') && inTrial && (
        <Act label={t('person.deviation')} title={t('person.deviation')} action={t('dialog.keep')} done={refresh} send={(v) => post(`${at}/deviation`, v)}
          fields={[
            { name: 'kind', label: t('deviation.kind'), kind: 'choice', required: true, options: words(kinds.kinds, [['eligibility', t('deviation.eligibility')], ['consent', t('deviation.consent')], ['visit', t('deviation.visitKind')], ['treatment', t('deviation.treatment')], ['masking', t('deviation.masking')], ['other', t('deviation.other')]]) },
            { name: 'severity', label: t('deviation.severity'), kind: 'choice', required: true, options: words(kinds.severity, [['minor', t('state.minor')], ['major', t('state.major')]]) },
            { name: 'visit', label: t('deviation.visit'), kind: 'choice', options: visits }, { name: 'text', label: t('deviation.text'), kind: 'area', required: true },
            { name: 'per_protocol', label: t('deviation.perProtocol'), kind: 'tick' },
          ]} />
      )}
      {can('withdraw') && inTrial && (
        <Act label={t('person.withdraw')} title={t('person.withdraw')} text={t('person.withdrawText')} action={t('person.withdrawDo')} danger done={refresh} send={(v) => post(`${at}/withdraw`, v)}
          fields={[
            { name: 'kind', label: t('withdrawal.kind'), kind: 'choice', required: true, options: words(isRow(data) ? data.withdrawals : null, [['treatment', t('withdrawal.treatment')], ['followup', t('withdrawal.followup')], ['consent', t('withdrawal.consent')]]) },
            { name: 'date', label: t('withdrawal.date'), kind: 'date', required: true, initial: person.today }, { name: 'reason', label: t('withdrawal.reason'), kind: 'area' },
          ]} />
      )}
      {can('withdraw') && state === 'randomised' && (
        <Act label={t('person.complete')} title={t('person.complete')} text={t('person.completeText')} action={t('person.completeDo')} done={refresh} send={(v) => post(`${at}/complete`, v)} fields={[{ name: 'reason', label: t('person.note'), kind: 'area' }]} />
      )}
      {can('link') && state !== 'screen_failed' && <PersonalLink subject={person.subject} />}
      {can('identity.read') && <Identity subject={person.subject} />}
      {can('unblind.person') && ['randomised', 'withdrawn', 'completed'].includes(state) && <Unblind subject={person.subject} done={refresh} />}
    </Group>
  );
}
