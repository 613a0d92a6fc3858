# Installs Assay @VERSION@ from this folder alone, without a network:  .\install.ps1 PLACE
param([Parameter(Mandatory = $true)][string]$Place, [string]$Python = "py")
$ErrorActionPreference = "Stop"
function Fail([string]$Words) { Write-Error "install: $Words" -ErrorAction Continue; exit 1 }

$Place = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Place)
Set-Location -LiteralPath $PSScriptRoot

Write-Output "1 of 4: checking this folder"
foreach ($line in Get-Content -LiteralPath SHA256SUMS -Encoding UTF8) {
    $digest, $name = $line -split "  ", 2
    $found = (Get-FileHash -LiteralPath $name -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($found -ne $digest) { Fail "$name differs from SHA256SUMS; nothing was installed" }
}
if ((Test-Path -LiteralPath $Place) -and (Get-ChildItem -LiteralPath $Place -Force)) {
    Fail "$Place exists and is not empty; give a new folder"
}
$choose = @()
if ($Python -eq "py") { $choose = @("-@PYTHON@") }

Write-Output "2 of 4: making $Place"
& $Python @choose -m venv $Place
if ($LASTEXITCODE -ne 0) { Fail "a virtual environment could not be made; is Python @PYTHON@ installed?" }
$inside = Join-Path $Place "Scripts\python.exe"
$version = & $inside -c "import sys; print('%d.%d' % sys.version_info[:2])"
if ($version -ne "@PYTHON@") { Fail "this folder is for Python @PYTHON@, not $version; remove $Place" }

Write-Output "3 of 4: installing, without asking any server"
$env:PIP_CONFIG_FILE = "nul"
& $inside -m pip --isolated --disable-pip-version-check install -q --no-index --find-links wheels --require-hashes -r requirements.txt
if ($LASTEXITCODE -ne 0) { Fail "the installation failed; remove $Place before the next try" }
foreach ($part in "@PARTS@".Split(" ", [StringSplitOptions]::RemoveEmptyEntries)) {
    $home_ = & $inside -c "from assay.trust.lists import home; print(home())"
    $to = Join-Path $home_ $part
    New-Item -ItemType Directory -Force -Path $to | Out-Null
    Get-ChildItem -LiteralPath $part -File | Where-Object { -not (Test-Path -LiteralPath (Join-Path $to $_.Name)) } |
        Copy-Item -Destination $to
}

Write-Output "4 of 4: assay doctor"
$assay = Join-Path $Place "Scripts\assay.exe"
& $assay doctor
$code = $LASTEXITCODE
Write-Output "Assay @VERSION@ is installed: $assay"
exit $code
