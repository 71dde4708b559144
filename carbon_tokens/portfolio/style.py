"""The look of a portfolio's page: light or dark, wide or narrow, and on paper. No font, no request."""

STYLE = """
:root{color-scheme:light dark;--ink:#22303a;--soft:#51626d;--line:#d5dde2;--box:#f2f5f7;--page:#fff;--note:#7a4b1e;
--bad:#a11616;--location:#6b7480;--market:#2f7bbf;--net:#178253;--energy:#8a6d1f;--recs:#4f9d4a;--a:#1d7a55;--b:#6aa84f;
--c:#d9a441;--d:#b0653a;--gap:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e3e9ed;--soft:#a9b6bf;--line:#3a464e;--box:#222b31;--page:#14191d;
--note:#e5b583;--bad:#ff8f8f;--location:#9aa4b1;--market:#5aa2e0;--net:#4cc28a;--energy:#d9b95c;--recs:#7cc576;--a:#35b587;
--b:#8fbf6a;--c:#d9b15c;--d:#c98055;--gap:#14191d}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,"DejaVu Sans",sans-serif;color:var(--ink);background:var(--page);margin:0}
main{max-width:960px;margin:0 auto;padding:1.5em 1em 3em}
h1{font-size:1.6em;line-height:1.2;margin:0 0 .3em;overflow-wrap:anywhere}
h2{font-size:1.15em;margin:2.2em 0 .8em;padding-bottom:.2em;border-bottom:1px solid var(--line)}
p,li{max-width:46em;overflow-wrap:anywhere}ul{padding-left:1.2em}.lead{color:var(--soft);margin-top:0}
figure{margin:1em 0}figcaption,caption{text-align:left;color:var(--soft);font-size:.9em;padding:.3em 0}
svg{display:block;max-width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,"DejaVu Sans",sans-serif}
svg .quiet{fill:var(--soft)}svg .year{font-weight:600;font-size:13px}
.grid{stroke:var(--line)}.axis{stroke:var(--soft)}
.location{fill:var(--location)}.market{fill:var(--market)}.net{fill:var(--net)}.energy{fill:var(--energy)}
.recs{fill:var(--recs)}.a{fill:var(--a)}.b{fill:var(--b)}.c{fill:var(--c)}.d{fill:var(--d)}
.covered{fill:var(--net)}.missing{fill:var(--gap);stroke:var(--bad);stroke-width:2}.none{fill:var(--box)}
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid #3b7ea1}
table{border-collapse:collapse;width:100%;font-size:.9em;font-variant-numeric:tabular-nums}
th,td{padding:.3em .6em;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);vertical-align:bottom}.w{text-align:left}tr.sum th,tr.sum td{font-weight:600;border-bottom:0}
code{font-size:.85em;word-break:break-all}td code{display:inline-block;min-width:12rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:.8em;margin:1em 0}
dl div{background:var(--box);padding:.7em .9em}dt{font-size:.9em;color:var(--soft)}
dd{margin:0}dd b{display:block;font-size:1.12em;white-space:nowrap}dd small{color:var(--soft)}
.files th,.files td{white-space:nowrap}.files code{word-break:normal}
.said td{overflow-wrap:anywhere}.said td:nth-child(2){overflow-wrap:normal}
.said td:nth-child(3){min-width:15em}.said td:nth-child(4){min-width:20em}
.note{color:var(--note)}.bad{color:var(--bad);font-weight:600}
@media(max-width:600px){.wide{min-width:620px;max-width:none}th,td{padding:.3em .4em}}
@media print{:root{--ink:#000;--soft:#333;--line:#999;--box:#fff;--page:#fff;--note:#000}main{max-width:none;padding:0}
h2{break-after:avoid}figure,tr,dl div{break-inside:avoid}dl div{border:1px solid var(--line)}.scroll{overflow:visible}
rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
