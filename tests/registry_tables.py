"""Tables of our own making in the forms that registries and buyers publish: templates, and one valid row of each."""

from __future__ import annotations

NAR = "nar_id,project,type,serial,quantity,on_behalf_of\n{},Wind,Wind,{},{},N\n"
IREC = "from_id,to_id,volume_MWh,production_dates,device_row,n_ranges,location,beneficiary\n{},{},{},{},{},1,CN,N\n"
VERRA = (
    "Serial Number,Quantity Issued,Vintage Start,Vintage End,ID,Name,Methodology,Country/Area,Retirement Beneficiary,"
    "Retirement/Cancellation Date\n{},{},{},{},{},Bale,VM0015,Ethiopia,Acme,2026-04-10\n"
)
REPORT = (
    "Report Type,Vintage,Project ID,Project Name,Project Type,Quantity of Credits,Serial Number,Sub-Account Name\n"
    "Report 1,{}-{},1686,Agrocortex,AFOLU,{},{},MCO2 Supply\n"
)
ACR = (
    "Credit Serial Numbers,Vintage Assignment Period Start Date,Vintage Assignment Period End Date,"
    "Quantity of Credits,Retired on Behalf of,Project ID,Project Name,Project Type,Project Site Country\n"
    "{},2/7/2025,3/19/2025,{},AWS,ACR1129,Tradewater,ODS,FR\n"
)
CAR = (
    "Project ID,Vintage,Offset Credit Serial Numbers,Quantity of Offset Credits,Project Name,Project Type,"
    "Project Site Country,Retirement Reason Details\n{},2015,{},{},Beef,Digestion,US,EY 2017\n"
)
VCU = "7059-367676034-367676083-VCU-005-APX-BR-14-1686-01072014-31122014-1"
SPRING = "2021-04-01;2021-06-30"
FIRST = {
    "nar": NAR.format("GEN1", "NAR-REC-1-KS-12-2020-9-4440 to 4448", 9),
    "i-rec": IREC.format("0000-0001-1666-7842", "0000-0001-1666-7857", 16, SPRING, "Longli Wind"),
    "verra": VERRA.format(VCU, 50, "2014-07-01", "2014-12-31", 1686),
    "acr": ACR.format("ACR-FR-1129-2025-2917-30932 to 35143", 4212),
    "car": CAR.format("CAR1008", "CAR-1-US-1008-27-845-WA-2015-2010-1 to 8645", 8645),
}
ACR_ISSUED = (
    "Date Issued (GMT),ReportingPeriodBegin,ReportingPeriodEnd,Total Credits Issued,Credits Issued to Project,"
    "Credits Issued to Buffer Pool,Project ID,Project Name,Project Type,Project Site Country\n"
    '3/24/2026 9:08:01 PM,2/1/2025,1/31/2026,"74,344","74,000",344,ACR731,Flare,Coal Mine Methane,US\n'
)
ACR_CANCELLED = (
    "Credit Serial Numbers,Vintage Assignment Period Start Date,Vintage Assignment Period End Date,Quantity of Credits,"
    "Cancellation Type,Project ID,Project Name,Project Type,Project Site Country\n"
    "ACR-US-1185-2025-3078-1 to 847,12/9/2024,6/3/2025,847,Convert to ARB offset credits,ACR1185,A,ODS,US\n"
)
CAR_ISSUED = (
    'Project ID,Vintage,"Project \nName",Project Type,Project Site Country,Total Offset Credits Issued,'
    "Canceled for ARB Compliance\n"
    'CAR1000,2013,EOS ARB,ODS,US,"126,155",\n'
)
VCS_ISSUED = (
    "Unique Vintages,Project ID,VCS + ID,Vintage Year ,Project Name,Credits Issued\n"
    '1-2007-12630,1,VCS1,2007,Wind, \t"12,630" \n'
).replace(' \t"12,630" ', '" \t12,630 "')
ARB_ISSUED = (
    "CARB Project ID,CARB Issuance ID,Project Type,Reporting Period Start Date,Reporting Period End Date,"
    "ARB Offset Credits Issued,Offset Project Name,State\n"
    "CAOD1007,CAOD1007-A,ODS,2023-09-26,2024-01-26,79565.0,A-Gas,OH\n"
)
ISOMETRIC_ISSUED = (
    "id,issued_at,project_id,supplier.organisation.name,supplier_credit_batch_size_total.credits,"
    "buffer_pool_credit_batch_size_total.credits,credit_batch_size_total.credits,credit_batch_size_total.credit_kgs\n"
    "iss_1,2026-04-14T16:50:41Z,prj_1,Alt,4923.623,100.777,5024.4,5024400\n"
)
ISOMETRIC = (
    "retirement_id,credit_batch_size_total.credits,credit_batch_size_total.credit_kgs,project_id,beneficiary.name\n"
    "ret_1,531.0,531000,prj_1,Example\n"
)
GENERATED = "generatorName,country,energySource,generationStart,generationEnd"
STEP6 = (
    f"attestation_id,certificate,volume_Wh,{GENERATED}\n"
    "a,c_1,16000000,Longli,CN,wind,2021-04-01T00:00:00.000Z,2021-06-30T23:59:59.999Z\n"
)
DELIVERED = f"Time_region,volume_Wh,{GENERATED}\nET,22,Meridian,US,SOLAR,2021-01-01,2021-01-31\n"
STEP2 = (
    "contract_id,productType,deliveryDate,volume_MWh,sellerName,energySources,country,reportingStart,reportingEnd\n"
    'c_1,IREC,2022-04-15,1738,3Degrees,"wind, solar",CN,2021-08-01,2021-08-31\n'
)
STEP3 = "allocation_id,contract_id,minerID,volume_MWh,defaulted\na_1,c_1,f01,1738,0\n"
STEP7 = "certificate,volume_MWh,order_folder,allocation\nc_1,1,o,a_1\n"
SUMMARY = "minerID,country,deliveredEACs_MWh,openEACContracts_MWh,AllEACs_MWh\nf01,CN,168,225,393\n"
REDEMPTION = (
    "ID,name,country,location,redemption_account,volume_required,start_date,end_date,redemption_purpose\n"
    ",Batch 1,CN,CN-BJ,Longli,16,2021-04-01,2021-06-30,tokens\n"
)
TABLES = (
    *FIRST.values(),
    REPORT.format("01/07/2014", "31/12/2014", 50, VCU),
    ACR_ISSUED,
    ACR_CANCELLED,
    CAR_ISSUED,
    VCS_ISSUED,
    ARB_ISSUED,
    ISOMETRIC_ISSUED,
    STEP6,
    DELIVERED,
    STEP2,
    STEP3,
    STEP7,
    SUMMARY,
    REDEMPTION,
    ISOMETRIC,
)  # a valid file of every form
