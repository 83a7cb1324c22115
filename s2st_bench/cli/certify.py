"""``s2st-bench certify``: the latency regime of a shared task that a dev log falls in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import PluginDirs, printable, registry_of, table
from s2st_bench.cli.score import Detokenizer, Format, joining_of

if TYPE_CHECKING:
    from s2st_bench.certify import Certificate
    from s2st_bench.cli.score_paths import Material


def certify(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="LOG", help="The log of the dev set.",
                                         show_default=False)],
    rules: Annotated[str, typer.Option(help="iwslt2026, iwslt2025, iwslt2024, or a yaml file.",
                                       show_default=False)],
    dev: Annotated[str, typer.Option(help="Which dev set the log is of, e.g. mcif.")] = "",
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="References, one a line.")
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Yaml or json of {wav, offset, duration} for long "
                     "recordings, in the order of --references."),
    ] = None,
    source_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    target_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    log_format: Annotated[
        Format, typer.Option("--format", help="What LOG holds.")
    ] = Format.auto,
    detokenizer: Annotated[
        Detokenizer, typer.Option(help="How the tokens of a simulstream log join.")
    ] = Detokenizer.auto,
    json_to: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write JSON; - prints it.")
    ] = None,
    plugin_dir: PluginDirs = None,
) -> None:
    """Certify the latency regime of a dev log by a shared task's rules.

    Exit code 0: within a regime; 1: within none; 2: the log or an option is wrong.
    """
    from s2st_bench import certify as certificates
    from s2st_bench import scoring
    from s2st_bench.cli.score_paths import load
    from s2st_bench.formats.detect import detect
    from s2st_bench.resegmenters import resegmenter
    from s2st_bench.retime import RULES
    from s2st_bench.store import write_atomically

    known = certificates.load_rules(rules)
    material = load(path, log_format.value, references=references, segments=segments,
                    source_lang=source_lang, target_lang=target_lang,
                    joining=joining_of(detokenizer))
    for note in material.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    source, target = _pair(material, source_lang, target_lang)
    track = known.track("text" if "text" in material.traces[0].outputs else "speech")
    log = detect(path) if log_format is Format.auto else log_format.value
    rule = track.ca.get(log) if all(t.clock != "ideal" for t in material.traces) else None
    options = scoring.Options(
        ca=next((known_rule for known_rule in RULES if known_rule == rule), None),
        unit=track.unit(target), resegmenter=material.resegmenter or resegmenter(track.resegmenter),
        recording_end="segments" if track.recording_end == "segments" else "audio",
        fingerprint=material.fingerprint, target_lang=target, logged_ca=material.ca,
    )
    scored = scoring.score(material.traces, material.recordings, [track.metric, track.aware],
                           options, registry=registry_of(ctx, plugin_dir))
    value, aware = (s for s in scored.corpus if s.group == scoring.ALL)
    found = certificates.certify(known, track, value, aware, certificates.Facts(
        pair=f"{source}-{target}",
        log=log,
        dev=dev,
        n_failed=len(list(scored.failures())),
        n_recordings=len(scored.recordings),
    ))
    text = json.dumps(found.as_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if json_to is not None and str(json_to) != "-":
        write_atomically(json_to, text)
    typer.echo(text if str(json_to) == "-" else as_text(found), nl=str(json_to) != "-")
    raise typer.Exit(0 if found.certified else 1)


def as_text(found: Certificate) -> str:
    """The certificate for people."""
    interval = "" if found.ci95_ms is None else \
        f" [{found.ci95_ms[0] / 1000:.3f}, {found.ci95_ms[1] / 1000:.3f}]"
    value = "none" if found.value_ms is None else f"{found.value_ms / 1000:.3f} s{interval}"
    rows = [
        [found.title, found.pair],
        ["regime", _regime(found)],
        [found.metric, value],
        ["computation-aware", "none" if found.aware_ms is None else
         f"{found.aware_ms / 1000:.3f} s"],
        ["scored", f"{found.n_scored}/{found.n_total} in {found.n_clusters} clusters"],
        *[["missing", printable(each)] for each in found.missing],
        *[["the year asks for", each] for each in found.asks],
        ["rules", found.source],
        ["signature", found.signature],
    ]
    return table(rows)


def _regime(found: Certificate) -> str:
    if found.regime is None or found.bounds_s is None:
        return "none: not certified"
    low, high = ("" if bound is None else f"{bound:g}" for bound in found.bounds_s)
    doubt = "" if found.firm else "; its interval reaches beyond" if found.ci95_ms else \
        "; no interval"
    return f"{found.regime} ({low}–{high} s){doubt}"


def _pair(material: Material, source_lang: str, target_lang: str) -> tuple[str, str]:
    from s2st_bench.errors import UsageError

    targets = {trace.target_lang for trace in material.traces}
    sources = {recording.source_lang for recording in material.recordings}
    target = target_lang or (min(targets) if len(targets) == 1 else "")
    source = source_lang or (min(sources) if len(sources) == 1 else "")
    if not material.traces or "und" in (source, target) or not source or not target:
        raise UsageError("the log does not say its languages; give --source-lang and "
                         "--target-lang")
    return source, target
